"""What can be wrong with a rule: in its text, in its file, or in one evaluation.

``RuleFault`` points into the text of an expression, ``RuleFileFault`` into a rule file.
``Fault`` is no error but a result: the rule did not match, because it could not be told.
"""

from msgspec import Struct

from risk_service.domain.errors import RiskError
from risk_service.domain.text import LocalizedText

MISSING_VALUE = "MISSING_VALUE"
EVALUATION_FAILED = "EVALUATION_FAILED"


class Fault(Struct, frozen=True, gc=False):
    """The result of an evaluation that is neither true nor false; falsy, so never a match.

    Parameters
    ----------
    code
        ``MISSING_VALUE`` or ``EVALUATION_FAILED``.
    names
        Variables without a value that the result depends on.
    detail
        What the engine said, for analysts.
    """

    code: str
    names: tuple[str, ...] = ()
    detail: str = ""

    def __bool__(self) -> bool:
        """Return False: what cannot be told is no match."""
        return False


class RuleFault(Exception):
    """An expression that cannot become a rule.

    Parameters
    ----------
    offset
        0-based place of the fault in the expression, in code points.
    length
        How many code points are at fault, at least 1.

    Attributes
    ----------
    line, column
        The same place, both from 1.
    message, hint
        What is wrong and what would be right, in English; ``texts`` has both languages.
    """

    def __init__(
        self, source: str, offset: int, length: int, message: LocalizedText, hint: LocalizedText
    ) -> None:
        super().__init__(message.en)
        offset = min(max(offset, 0), len(source))
        self.line = source.count("\n", 0, offset) + 1
        self.column = offset - (source.rfind("\n", 0, offset) + 1) + 1
        self.length = max(length, 1)
        self.source = source
        self.message = message.en
        self.hint = hint.en
        self.texts = (message, hint)


class RuleFileFault(RiskError):
    """A rule file that cannot be used. The rules in force stay as they are.

    Parameters
    ----------
    file
        Name of the file as it was given.
    line, column
        Where, from 1; column 0 where only the line is known.
    rule_id
        The rule at fault; empty when the file as a whole is.
    span
        The line of source at fault and how many code points of it, for a caret line.
    """

    def __init__(
        self,
        file: str,
        place: tuple[int, int],
        rule_id: str,
        texts: tuple[LocalizedText, LocalizedText],
        span: tuple[str, int] = ("", 1),
    ) -> None:
        self.file = file
        self.line, self.column = place
        self.rule_id = rule_id
        self.message, self.hint = texts
        self.source_line, self.length = span
        where = f"{file}:{self.line}" + (f":{self.column}" if self.column else "")
        rule = f" rule {rule_id}:" if rule_id else ""
        hint = f" ({self.hint.en})" if self.hint.en else ""
        super().__init__(f"{where}:{rule} {self.message.en}{hint}")
