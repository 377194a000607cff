"""The `bulletin` command: verbs, options, language and exit codes.

Belongs here: what a user types, and turning exceptions into messages. Does not belong here: work; every verb calls a
function of `verbs/`, which calls what Dagster calls. Nothing heavy is imported before a verb runs.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from dagster_project.cli_analysis import add_analysis
from dagster_project.cli_desk import add_desk
from dagster_project.cli_keeping import add_keeping
from dagster_project.errors import ExitCode, UserError
from dagster_project.given_days import given_day
from dagster_project.language import Text
from dagster_project.settings import DEFAULT_HOME, Settings

HOME = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="家目录，默认 BULLETIN_HOME 或 data/home。 Home folder, default BULLETIN_HOME or data/home.",
)
LANGUAGE = click.option(
    "--lang", type=click.Choice(["zh", "en"]), default=None, help="消息语言。 Language of messages (BULLETIN_LANG)."
)
YEAR = click.option(
    "--year", "years", type=click.IntRange(1990, 2100), multiple=True, help="年份，可重复。 Year, repeatable."
)
PUBLISHED_YEAR = click.option(
    "--year", "years", type=click.IntRange(1990, 2100), multiple=True,
    help="年份，可重复；没有数据的年份一开始就被拒绝。 Year, repeatable; one without data is refused at once.",
)  # fmt: skip


def verb(*options: Callable[..., Any], home: bool = True) -> Callable[[Callable[..., ExitCode]], click.Command]:
    """A sub-command with --lang and, unless it works on none, --home; its function gets Settings first."""

    def decorate(function: Callable[..., ExitCode]) -> click.Command:
        def call(lang: str | None, **arguments: Any) -> None:
            chosen = arguments.pop("home", None)
            if lang:  # Dagster's steps make settings of their own, from the environment
                os.environ["BULLETIN_LANG"] = lang
            language = lang or os.environ.get("BULLETIN_LANG", "zh")
            try:
                settings = Settings(
                    home=chosen or Path(os.environ.get("BULLETIN_HOME") or DEFAULT_HOME), language=language
                )
            except UserError as error:
                click.echo(error.message(language), err=True)
                sys.exit(int(error.code))
            from dagster_project.verbs.guard import guarded

            sys.exit(int(guarded(settings, lambda: function(settings, **arguments))))

        command: Any = call
        # As with decorators, what is applied last stands first: arguments and options come in the order written.
        for option in reversed((*options, *((HOME,) if home else ()), LANGUAGE)):
            command = option(command)
        name = function.__name__.rstrip("_").replace("_", "-")
        told = function.__doc__ or ""
        return cli.command(name, cls=ListOptions, help=told, short_help=told.partition("\n\n")[0])(command)

    return decorate


class ListOptions(click.Command):
    """A command whose --years takes several values after it: `--years 2023 2024 2025`, or 2023-2025."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the option before each further year, as click wants it."""
        spread: list[str] = []
        listing = False
        for word in args:
            if word == "--years":
                listing = True
                continue
            years = word.replace(",", " ").split() if listing else []
            if years and all(year.replace("-", "").isdigit() and len(year) in (4, 9) for year in years):
                for year in years:
                    spread += ["--years", year]
                continue
            listing = False
            spread.append(word)
        return super().parse_args(ctx, spread)


class InOrder(click.Group):
    """Verbs are listed in the order in which they are used, not by the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in order of definition."""
        return list(self.commands)


@click.group(cls=InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="medical-insurance-bulletin")
def cli() -> None:
    """基本医疗保险统计仓库与统计公报。 Statistics warehouse and bulletin of basic medical insurance.

    先 `bulletin try 文件` 预检，再 `bulletin run`。 First `bulletin try FILE`, then `bulletin run`.
    """


@verb(
    click.argument("directory", type=click.Path(file_okay=False, path_type=Path)),
    click.option("--scale", type=float, default=0.005, show_default=True, help="1 = 全省规模。 1 is a whole province."),
    click.option("--years", multiple=True, help="年份，如 2023 2024 2025。 Years, default 2023 2024 2025."),
    click.option("--seed", type=int, default=20240601, show_default=True, help="随机种子。 Seed."),
    click.option(
        "--province",
        metavar="CODE",
        help="省级区划代码，如 370000 或直辖市 310000，默认贵州。 Code of a province or municipality, default Guizhou.",
    ),
    home=False,
)
def sample(settings: Settings, **options: Any) -> ExitCode:
    """生成合成省份的来源文件。 Write the extracts of a synthetic province into DIRECTORY."""
    from dagster_project.verbs import making

    return making.sample(settings, **options)


@verb(
    click.argument("file", type=click.Path(path_type=Path)),
    click.option("--all", "in_full", is_flag=True, help="列出全部列与全部发现。 List all columns and all findings."),
)
def try_(settings: Settings, file: Path, in_full: bool) -> ExitCode:
    """预检一个文件，不入库。 Tell what would happen to FILE without loading it."""
    from dagster_project.verbs import making

    return making.try_file(settings, file, in_full)


@verb(
    PUBLISHED_YEAR,
    click.option("--full-refresh", is_flag=True, help="从原始数据全部重建。 Rebuild everything from raw."),
    click.option(
        "--dry-run", is_flag=True,
        help="只说明会做什么：新文件、要重算的月份及原因、不变的模型；什么也不改。 Tell what a run would do and change nothing.",
    ),
    click.option(
        "--as-of", "day", metavar="YYYY-MM-DD",
        help="按截至该日已交付的数据重算，结果在 HOME/as_of/日期。 Recompute the state of a day by delivery time, in HOME/as_of.",
    ),
)  # fmt: skip
def run(settings: Settings, years: tuple[int, ...], full_refresh: bool, dry_run: bool, day: str | None) -> ExitCode:
    """主任务：从来源文件到公报。 The main job: from the landing folder to the bulletin."""
    if day is not None:
        if dry_run or full_refresh:
            raise UserError(
                Text("--as-of 不与其他重算选项同用。", "--as-of goes with neither --dry-run nor --full-refresh."),
                where="--as-of",
            )
        from dagster_project.verbs.as_of import run_as_of

        return run_as_of(settings, years, given_day(day, "--as-of"))
    if dry_run:
        from dagster_project.verbs.rehearsal import dry_run as rehearse

        return rehearse(settings, years, full_refresh)
    from dagster_project.verbs import running

    return running.run_job(settings, years, full_refresh)


@verb()
def ingest(settings: Settings) -> ExitCode:
    """只接收文件入库并检查。 Only take in what lies in the landing folder, and check it."""
    from dagster_project.verbs import running

    return running.ingest(settings)


@verb(click.option("--full-refresh", is_flag=True, help="从原始数据全部重建。 Rebuild everything from raw."))
def build(settings: Settings, full_refresh: bool) -> ExitCode:
    """从已入库数据计算到指标。 Compute core, cubes and indicators from what has been loaded."""
    from dagster_project.verbs import running

    return running.build(settings, full_refresh)


@verb(
    click.option(
        "--stage", "stages", type=click.Choice(["landing", "core", "indicator", "publication"]), multiple=True,
        help="只检查某一步，可重复。 Only this stage, repeatable.",
    )
)  # fmt: skip
def check(settings: Settings, stages: tuple[str, ...]) -> ExitCode:
    """重新运行检查。 Run the checks again and print what did not pass."""
    from dagster_project.verbs import running

    return running.check(settings, stages)


add_desk(verb)


@verb(
    PUBLISHED_YEAR,
    click.option(
        "--to", type=click.Path(file_okay=False, path_type=Path), help="另存到此目录。 Copy into this folder."
    ),
    click.option(
        "--region",
        default=None,
        help="市州代码或名称：该地区自己的公报。 Prefecture, by code or name: its own bulletin.",
    ),
)
def export(settings: Settings, years: tuple[int, ...], to: Path | None, region: str | None) -> ExitCode:
    """重新生成公报文件。 Make the documents of the bulletin again, from the indicators as they are."""
    from dagster_project.verbs import making

    return making.export(settings, years, to, region)


@verb(
    click.option("--year", type=click.IntRange(1990, 2100), required=True, help="年份。 Year."),
    click.option(
        "--kind", type=click.Choice(["bulletin", "quick_report", "yearbook", "monthly"]), default="bulletin",
        show_default=True, help="版次类别，见上。 Kind of vintage, see above.",
    ),
    click.option("--accept", default="", help="接受未了结问题的理由，将被记录。 Reason for taking open findings as they are."),
    click.option(
        "--region", default=None,
        help="市州代码或名称：该地区自己的公报，全省同一版次定稿之后。 Prefecture, by code or name: its own bulletin, after the province's.",
    ),
)  # fmt: skip
def freeze(settings: Settings, year: int, kind: str, accept: str, region: str | None) -> ExitCode:
    """定稿：生成之后不再改变的版次。 Make a vintage that nothing changes afterwards.

    各类版次的内容相同，区别在数据性质与放行条件；阻断性检查未通过时，哪一类都不能定稿（有效的豁免除外，见 waive）。
    All kinds hold the same contents and differ in status and release; a blocking check that did not pass stops every kind, unless waived.

    \b
    bulletin      统计公报（次年六七月）：最终数，只有它算定案；有未了结的数据问题时不放行，除非用 --accept 写明理由
                  statistical bulletin, June to July: final; open findings hold it unless --accept gives a reason
    quick_report  统计快报（次年三四月）：初步数，公报会调整；不因未了结的问题而停
                  quick report, March to April: provisional, revised by the bulletin; open findings do not hold it
    monthly       月报：初步数，同上，指截至数据所到月份的状态
                  monthly: provisional, likewise; the state up to the months delivered
    yearbook      统计年鉴（公报之后）：收录公报之后的修订，不取代公报，数据性质标为初步数
                  yearbook, after the bulletin: holds later revisions beside the bulletin, marked provisional
    """
    from dagster_project.verbs import making

    return making.freeze(settings, year, kind, accept, region)


@verb(
    click.argument("indicator"),
    click.option("--year", type=click.IntRange(1990, 2100), required=True, help="年份。 Year."),
    click.option(
        "--region", default=None, help="行政区划代码或名称，默认全省。 Region, by code or name; default the province."
    ),
    click.option("--scheme", default="total", show_default=True, help="险种。 Scheme."),
    click.option("--month", type=int, default=None, help="月份 1-12，默认全年。 Month, default the year."),
    click.option("--to-date", is_flag=True, help="年初至该月累计。 From January up to --month."),
    click.option("--all", "all_files", is_flag=True, help="列出全部来源文件。 List every source file."),
)
def explain(settings: Settings, **options: Any) -> ExitCode:
    """说明一个数从哪里来；INDICATOR 为指标代码或全名。 Tell where a number comes from; INDICATOR is an id or a full name."""
    from dagster_project.verbs import asking

    return asking.explain(settings, **options)


@verb()
def serve(settings: Settings) -> ExitCode:
    """重建 BI 数据库。 Rebuild the database that BI tools open."""
    from dagster_project.verbs import making

    return making.serve(settings)


add_keeping(verb)
add_analysis(verb)


@verb(
    click.option("--port", type=int, default=3000, show_default=True, help="端口。 Port."),
    click.option(
        "--watch", is_flag=True,
        help="来源文件夹有新文件且不再变化时自动运行。 Run the main job when new files in landing have stopped growing.",
    ),
)  # fmt: skip
def ui(settings: Settings, port: int, watch: bool) -> ExitCode:
    """打开 Dagster 界面。 Serve Dagster on 127.0.0.1."""
    from dagster_project.verbs import ui as pages

    return pages.serve_ui(settings, port, watch)


@verb(
    YEAR, click.option("--to", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="目录。 Folder.")
)
def request(settings: Settings, years: tuple[int, ...], to: Path) -> ExitCode:
    """生成给数据中心的取数单。 Write the request sheet for the data centre (xlsx and SQL text)."""
    from dagster_project.verbs import asking

    return asking.request(settings, to, years)


@verb(click.argument("choice", required=False), YEAR)
def definitions(settings: Settings, years: tuple[int, ...], choice: str | None) -> ExitCode:
    """列出口径选择；写明 CHOICE 只看一项。 Print the definition choices in force, or CHOICE with all that it touches.

    每项口径：取值、自何年起、出自哪个文件、影响哪些指标、还可以怎么选。
    Of each choice: its value, since when, by which file, the indicators it touches, what else may be chosen.
    """
    from dagster_project.verbs import asking

    return asking.definitions(settings, years, choice)


@verb(
    click.argument("old", metavar="A"),
    click.argument("new", metavar="B"),
    click.option("--year", type=click.IntRange(1990, 2100), required=True, help="年份。 Year."),
    click.option(
        "--to", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.xlsx|csv",
        help="全部指标另存为工作簿或 CSV。 Write all figures to a workbook or CSV.",
    ),
)  # fmt: skip
def compare_definitions(settings: Settings, old: str, new: str, year: int, to: Path | None) -> ExitCode:
    """两套口径并排比较，不改动任何东西。 Compare a year under two definitions, side by side; nothing changes.

    A、B 可以是：present（当前口径）、national、省代码、口径方案名或文件，或“口径=取值[,口径=取值]”（在当前口径上改）。
    A and B are `present`, `national`, a province's code, a declared variant or its file, or CHOICE=VALUE[,CHOICE=VALUE] on top
    of the present definitions.

    \b
    bulletin compare-definitions present bed_day_rule=end_minus_begin_plus1 --year 2024
    bulletin compare-definitions present bureau --year 2024 --to compared.xlsx
    """
    from dagster_project.verbs import comparing

    return comparing.compare_definitions(settings, old, new, year, to)


def main() -> None:
    """Entry point of the console script; mistakes on the line end with exit code 2."""
    try:
        cli(prog_name="bulletin", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(ExitCode.BAD_INPUT)
    except click.ClickException as error:
        from dagster_project.usage import user_error

        # A line that cannot be read has not got as far as its --lang.
        asked = "".join(sys.argv[1:]).partition("--lang")[2].lstrip("=")[:2]
        language = asked if asked in ("zh", "en") else os.environ.get("BULLETIN_LANG", "zh")
        click.echo(user_error(error).message(language), err=True)
        sys.exit(ExitCode.BAD_INPUT)
    except click.exceptions.Abort:
        sys.exit(ExitCode.PARTLY)
    finally:
        gc.freeze()  # a process that ends need not look for rubbish among all modules, which takes a second


if __name__ == "__main__":
    main()
