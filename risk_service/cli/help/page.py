"""``--help`` in Chinese: the page that click makes in English, with the texts of the files.

Click fills lines by the number of characters, of which a Chinese one takes two columns: paragraphs
are filled here and given to it as lines that it leaves alone.
"""

import re
from collections.abc import Iterable, Mapping
from inspect import cleandoc

import click

from risk_service.cli.examples import BEGIN
from risk_service.cli.help.texts import HelpTexts, HelpWords
from risk_service.cli.help.wrapping import wrapped

# Click leaves a paragraph alone that begins with this character.
_AS_IT_STANDS = "\b\n"
# Of the column of names, and between it and the texts; click's own figures.
_NAMES_WIDTH_MAX, _BETWEEN = 30, 2
_FIRST_SENTENCE = re.compile("[^。]*。?")


def page(context: click.Context) -> str:
    """Return the page of one command."""
    command, texts, says = context.command, HelpTexts(context), HelpWords("zh")
    formatter = context.make_formatter()
    formatter.write(usage(context) + "\n")
    examples = [part for text in (command.help, command.epilog) for part in _examples(text)]
    prose = texts.text("help", prose_of(command.help)).strip().split("\n\n")
    columns = formatter.width - formatter.indent_increment
    for paragraph in [*(_laid(one, columns) for one in prose), *examples]:
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(paragraph)
    parameters = command.get_params(context)
    arguments = [one for one in parameters if isinstance(one, click.Argument) and one.help]
    options = [one for one in parameters if isinstance(one, click.Option) and not one.hidden]
    _write_rows(formatter, says("arguments"), (_row(one, texts, context) for one in arguments))
    _write_rows(formatter, says("options"), (_row(one, texts, context) for one in options))
    if isinstance(command, click.Group):
        _write_rows(formatter, says("commands"), _commands(command, texts, context))
    return formatter.getvalue().rstrip("\n")


def usage(context: click.Context) -> str:
    """Return the line that tells how a command is called."""
    says, english = HelpWords("zh"), HelpWords("en")
    pieces = " ".join(context.command.collect_usage_pieces(context))
    for word in ("choices", "further"):
        pieces = pieces.replace(english(word), says(word))
    return f"{says('usage')}{context.command_path} {pieces}".rstrip()


def paragraphs_of(text: str | None) -> list[str]:
    """Return the paragraphs of a command's help without the mark that click leaves them alone."""
    parts = re.split(r"\n[ \t]*\n", cleandoc(text or ""))
    return [part.removeprefix(_AS_IT_STANDS) for part in parts if part]


def prose_of(text: str | None) -> str:
    """Return what a text says besides its examples, each paragraph as one line."""
    parts = (part for part in paragraphs_of(text) if not part.startswith(BEGIN))
    return "\n\n".join(" ".join(part.split()) for part in parts)


def _examples(text: str | None) -> list[str]:
    """Return them as they stand, with the word before them in Chinese."""
    label = HelpWords("zh")("example")
    found = (part for part in paragraphs_of(text) if part.startswith(BEGIN))
    return [_AS_IT_STANDS + label + part.removeprefix(BEGIN) for part in found]


def _row(parameter: click.Parameter, texts: HelpTexts, context: click.Context) -> tuple[str, str]:
    """Return what is written for a parameter, and its text with default and range."""
    says, name = HelpWords("zh"), str(parameter.name)
    record = parameter.get_help_record(context)
    if parameter is context.command.get_help_option(context):
        text = says("show_help")
    else:
        text = texts.text(name, getattr(parameter, "help", None) or "")
    extra = _extra(parameter, texts, context) if isinstance(parameter, click.Option) else []
    told = [text, says("extra", says("between").join(extra))] if extra else [text]
    return (record[0] if record else name), " ".join(told)


def _extra(option: click.Option, texts: HelpTexts, context: click.Context) -> list[str]:
    says, found = HelpWords("zh"), option.get_help_extra(context)
    default = found.get("default")
    if isinstance(option.show_default, str):
        default = texts.text(f"{option.name}_default", option.show_default)
    parts = [says("default", default) if default else "", found.get("range", "")]
    return [part for part in (*parts, says("required") if "required" in found else "") if part]


def _commands(
    group: click.Group, texts: HelpTexts, context: click.Context
) -> Iterable[tuple[str, str]]:
    """Yield names with what they do: all of ``risk`` from its table, else one sentence of help."""
    summaries: Mapping[str, str] | None = getattr(group, "summaries", None)
    for name in group.list_commands(context):
        if summaries is not None:
            yield name, texts.summary(name, summaries.get(name, ""))
        elif (command := group.get_command(context, name)) and not command.hidden:
            sentence = _FIRST_SENTENCE.match(texts.below(command, prose_of(command.help)).strip())
            yield name, sentence[0] if sentence else ""


def _write_rows(
    formatter: click.HelpFormatter, heading: str, rows: Iterable[tuple[str, str]]
) -> None:
    found = list(rows)
    if not found:
        return
    names = min(max(len(name) for name, _ in found), _NAMES_WIDTH_MAX) + _BETWEEN
    columns = formatter.width - names - formatter.indent_increment
    formatter.write_paragraph()
    formatter.write(heading + "\n")
    with formatter.indentation():
        formatter.write_dl(
            [(name, _laid(text, columns)) for name, text in found], _NAMES_WIDTH_MAX, _BETWEEN
        )


def _laid(text: str, columns: int) -> str:
    return _AS_IT_STANDS + "\n".join(wrapped(text, columns))
