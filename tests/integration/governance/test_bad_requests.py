"""Requests of governance that name no thing: each fault is told by its field."""

import pytest

from risk_service.client.errors import InvalidRequest
from tests.fixtures.governed import People, entry


@pytest.fixture(scope="module")
def _named_list(people: People) -> None:
    """Have a list to which a request may name entries that it has not."""
    people["analyst"].call(
        "AddListEntries", list_id="named", kind="grey", entries=[entry("sku", "sku-n")], note="n"
    )


@pytest.mark.usefixtures("_named_list")
@pytest.mark.parametrize(
    ("method", "values", "field"),
    [
        ("ListPublications", {}, "kind"),
        ("ListPublications", {"kind": "rules", "limit": 501}, "limit"),
        ("ListAudit", {"limit": -1}, "limit"),
        ("ListEntries", {"list_id": "x", "after_entry_id": "17"}, "after_entry_id"),
        ("RemoveListEntries", {"list_id": "named", "entry_ids": ["le_x"]}, r"entry_ids\[0\]"),
        ("RemoveListEntries", {"list_id": "named", "note": "n"}, "entry_ids"),
        ("AddListEntries", {"list_id": "x", "kind": "deny"}, "entries"),
        ("AddListEntries", {"list_id": "No", "kind": "deny", "entries": [entry("sku", "a")]},
         "list_id"),
        ("AddListEntries", {"list_id": "q", "kind": "deny", "entries": [{"reason": "r"}]},
         r"entries\[1\].entity"),
        ("AddListEntries", {"list_id": "q", "entries": [entry("sku", "a")]}, "kind"),
        ("FindEntries", {"listed": {"entity": "phone", "value": ""}}, "value"),
        ("PublishRules", {"note": "n"}, "sources"),
        ("PublishLimits", {"note": "n"}, "sources"),
        ("RejectChange", {"number": 1, "note": ""}, "note"),
        ("RejectChange", {"number": 1, "note": "x" * 501}, "note"),
    ],
)  # fmt: skip
def test_bad_request_names_its_field(
    people: People, method: str, values: dict[str, object], field: str
) -> None:
    """INVALID_ARGUMENT with the field, and nothing is changed."""
    names = {"ListAudit": "auditor", "ListPublications": "auditor"}
    with pytest.raises(InvalidRequest, match=f"{field}: "):
        people[names.get(method, "analyst")].call(method, **values)
