"""``risk rules``: check, try and compare rule files, then publish them."""

from collections.abc import Callable
from pathlib import Path

import click

from risk_service.cli.language import spoken
from risk_service.cli.output import print_json, tell
from risk_service.cli.publish import add_publishing
from risk_service.cli.rules_text import (
    change_text,
    example_data,
    example_text,
    fault_data,
    fault_text,
    rule_data,
    rule_rows,
    variable_rows,
    word,
)
from risk_service.rules.changes import compare
from risk_service.rules.examples import run_examples
from risk_service.rules.faults import RuleFileFault
from risk_service.rules.remarks import remarks_of
from risk_service.rules.rule_set import RuleSet, faults_of, load_rule_set, shipped_rules
from risk_service.rules.rule_texts import read_texts
from risk_service.rules.variables import Subject, all_variables

SUBJECTS = tuple(subject.value for subject in Subject)
FAULTY = 1

Command = Callable[..., None]


def _options(command: Command) -> Command:
    as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
    return spoken(as_json(command))


def _path(name: str, *, required: bool = False) -> Callable[[Command], Command]:
    kind = click.Path(path_type=Path, exists=True)
    return click.argument(name, type=kind, required=required)


@click.group()
def rules() -> None:
    """Check, try and compare rule files, and publish them.

    Example: risk rules check my-rules
    """


@rules.command()
@_path("path")
@_options
@click.pass_context
def check(ctx: click.Context, path: Path | None, lang: str, *, as_json: bool) -> None:
    """Check whether every rule could be published, and say what is wrong and where.

    PATH is a rule file or a directory of them; without it, the shipped rules are checked.

    Example: risk rules check my-rules --lang zh
    """
    texts = shipped_rules().texts if path is None else read_texts(path)
    faults = faults_of(texts)
    rule_set = None if faults else load_rule_set(texts)
    remarks = remarks_of(rule_set) if rule_set else []
    if as_json:
        print_json(
            {
                "version": rule_set.version if rule_set else None,
                "rules": len(rule_set.rules) if rule_set else None,
                "faults": [fault_data(fault) for fault in faults],
                "remarks": [fault_data(remark) for remark in remarks],
            }
        )
    elif rule_set:
        for remark in remarks:
            tell(fault_text(remark, lang) + "\n")
        tell(word("fine", lang, len(rule_set.rules), len(texts), rule_set.version))
    else:
        tell("\n\n".join(fault_text(fault, lang) for fault in faults), err=True)
        tell(word("faults", lang, len(faults)), err=True)
    if faults:
        ctx.exit(FAULTY)


@rules.command("test")
@_path("path")
@_options
@click.pass_context
def run_tests(ctx: click.Context, path: Path | None, lang: str, *, as_json: bool) -> None:
    """Run the examples of rules: what they say they match, and what they say they do not.

    Example: risk rules test my-rules
    """
    results = run_examples(_load(ctx, path, lang).rules.values())
    wrong = [one for one in results if not one.passed]
    if as_json:
        print_json({"examples": len(results), "results": [example_data(one) for one in results]})
    else:
        for one in wrong:
            tell(example_text(one, lang), err=True)
        tell(word("examples", lang, len(results), len(wrong)))
    if wrong:
        ctx.exit(FAULTY)


@rules.command()
@_path("old", required=True)
@_path("new", required=True)
@_options
@click.pass_context
def diff(ctx: click.Context, old: Path, new: Path, lang: str, *, as_json: bool) -> None:
    """Say what changes from the rules in OLD to those in NEW, rule by rule.

    Changes that would decide at once, without having been watched in shadow, are marked.

    Example: risk rules diff rules-in-force my-rules
    """
    changes = compare(_load(ctx, old, lang), _load(ctx, new, lang))
    if as_json:
        print_json(
            [
                {
                    "rule": one.rule_id,
                    "kind": one.kind,
                    "at_once": one.at_once,
                    "decides": one.decides,
                    "parts": [{"key": k, "before": b, "after": a} for k, b, a in one.parts],
                }
                for one in changes
            ]
        )
    else:
        tell("\n".join(change_text(one, lang) for one in changes) or word("same", lang))


@rules.command("list")
@_path("path")
@click.option("--subject", type=click.Choice(SUBJECTS), help="Only rules of one subject.")
@_options
@click.pass_context
def list_rules(
    ctx: click.Context, path: Path | None, subject: str | None, lang: str, *, as_json: bool
) -> None:
    """List rules with what they do, and which honest customer they may hit.

    Example: risk rules list --subject refund
    """
    found = [
        rule
        for rule in _load(ctx, path, lang).rules.values()
        if subject is None or rule.subject == subject
    ]
    if as_json:
        print_json([rule_data(rule) for rule in found])
    else:
        tell(rule_rows(found, lang))


@rules.command()
@click.option(
    "--subject",
    type=click.Choice(SUBJECTS),
    default=Subject.ORDER.value,
    show_default=True,
    help="What the rule is about.",
)
@click.option("--like", default="", help="Only names that contain this text.")
@_options
def variables(subject: str, like: str, lang: str, *, as_json: bool) -> None:
    """List what a rule can ask for.

    Example: risk rules variables --subject action --like group
    """
    found = [one for one in all_variables() if subject in one.subjects and like in one.name]
    if as_json:
        print_json(
            [
                {
                    "name": one.name,
                    "kind": one.kind.value,
                    "words": list(one.words),
                    "money": one.money,
                    "en": one.text.en,
                    "zh": one.text.zh,
                }
                for one in found
            ]
        )
    else:
        tell(variable_rows(found, lang))


def _load(ctx: click.Context, path: Path | None, lang: str) -> RuleSet:
    try:
        return shipped_rules() if path is None else load_rule_set(path)
    except RuleFileFault as fault:
        tell(fault_text(fault, lang), err=True)
        ctx.exit(FAULTY)


add_publishing(rules, "rules")
