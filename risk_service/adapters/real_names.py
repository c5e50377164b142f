"""Providers of real names: none, and a stand-in for tests and laptops that checks nothing."""

import time

from risk_service.domain.errors import ProviderUnavailable
from risk_service.domain.verification import ProviderAnswer, RealNameEvidence
from risk_service.identity.real_name import parse_real_name_id

STAND_IN = "local stand-in"
# The order number within an id, its digits 15 to 17, says what the stand-in answers.
MISMATCH, UNAVAILABLE, SILENT = "999", "998", "997"
FACE_OF_THE_DOCUMENT = "face-ok"


class NoProvider:
    """There is no provider: nothing that needs one is ever verified."""

    name = ""

    def verify(self, evidence: RealNameEvidence, timeout_s: float) -> ProviderAnswer:
        """Say that nobody can tell."""
        del evidence, timeout_s
        raise ProviderUnavailable("no provider of real names is configured")


class LocalStandIn:
    """Answers by the number alone, always the same; knows nobody and must not be trusted.

    Numbers whose digits 15 to 17 are 999 belong to another name, 998 finds the provider down,
    997 finds it silent until the time is over; all others match. The face token ``face-ok`` is
    the document's face, any other is not.
    """

    name = STAND_IN

    def verify(self, evidence: RealNameEvidence, timeout_s: float) -> ProviderAnswer:
        """Return what the number says."""
        parsed = parse_real_name_id(evidence.real_name_id)
        code = parsed.canonical[14:17] if parsed else ""
        if code == SILENT:
            time.sleep(timeout_s)
        if code in (SILENT, UNAVAILABLE):
            raise ProviderUnavailable("the stand-in plays a provider that is down")
        face = evidence.face_token
        return ProviderAnswer(
            name_matches=code != MISMATCH,
            face_matches=face == FACE_OF_THE_DOCUMENT if face else None,
        )
