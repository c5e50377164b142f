"""All fields that may be keys: entities, categories, what texts tell, what ages part."""

from collections.abc import Mapping, Sequence

from training.own_data.events import Coded, OwnEvents
from training.own_data.fields.ages import parted
from training.own_data.fields.derive import derived_keys
from training.own_data.plan import AgePlan, TextKind


def category_field(name: str) -> str:
    """Return the field of a category; no entity can have this name."""
    return f"cat/{name}"


def derived_field(source: str, name: str) -> str:
    """Return the field of a key derived from another: ``email.domain``."""
    return f"{source}.{name}"


def texts_of(events: OwnEvents) -> dict[str, Coded]:
    """Return entities and categories under the names of their fields."""
    categories = {category_field(name): coded for name, coded in events.categories.items()}
    return dict(events.entities) | categories


def fields_of(
    events: OwnEvents, kinds: Mapping[str, TextKind], ages: Sequence[AgePlan] = ()
) -> dict[str, Coded]:
    """Return every field: the texts, the keys derived from them, then those parted by ages."""
    fields = texts_of(events)
    for source, coded in list(fields.items()):
        for name, derived in derived_keys(coded, kinds[source]):
            fields[derived_field(source, name)] = derived
    for age in ages:
        values = events.numbers[age.number]
        fields[age.field] = parted(events.entities[age.key], events.at_us, values, age.unit_us)
    return fields
