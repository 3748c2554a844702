"""`songhua audit`: checkpoints signed, everything verified, one value proved."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from songhua.app.commands.platform import need_file
from songhua.model import BEIJING, BadInput

console = Console(highlight=False, soft_wrap=True)
app = typer.Typer(no_args_is_help=True, help="留痕与存证。 The record, kept and proved.")

Home = Annotated[Path | None, typer.Option(help="数据目录 The home; else SONGHUA_HOME.")]
Key = Annotated[str, typer.Option(help="公钥（十六进制）The public key, hex.")]


@app.command("checkpoint")
def checkpoint(
    *,
    home: Home = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="重新计算整个观测库 Tell the whole shelf anew.")
    ] = False,
) -> None:
    """签发检查点：日志的树根与观测库的摘要，可交见证单位保存。 Sign a checkpoint."""
    _set_up(home)
    from songhua.app.ask import ask

    made = ask("audit_checkpoint", {"whole": whole})
    console.print(
        f"第 {made['number']} 号检查点：日志 {made['records']:,} 条，"
        f"观测库新增 {made['rows']:,} 行\n"
        f"  树根 root  {made['root']}\n  公钥 key   {made['key']}\n  文件 file  {made['path']}"
    )


@app.command("key")
def key(*, home: Home = None) -> None:
    """显示公钥，交见证单位公布。 Show the public key."""
    _set_up(home)
    from django.conf import settings

    from songhua.app.audit.keys import public_of, signing_key

    console.print(public_of(signing_key(settings.SONGHUA_HOME)))


@app.command("seal")
def seal(*, home: Home = None) -> None:
    """平台停下后封存：逐个文件签名，任何一个字节的改动都能查出。 Seal a home at rest."""
    _set_up(home)
    from django.conf import settings

    from songhua.app import control
    from songhua.app.audit.seal import make_seal
    from songhua.store.walk import walk

    if control.is_running(settings.SONGHUA_HOME):
        raise BadInput("平台正在运行，请先停止。", "The platform is running: stop it first.")
    walked = walk(settings.SONGHUA_JOURNAL)
    if walked.fault is not None:
        raise BadInput(f"日志{walked.fault[3]}，不能封存。", f"Journal: {walked.fault[4]}.")
    files = make_seal(settings.SONGHUA_HOME, walked.count)
    console.print(f"已封存 {files:,} 个文件。 Sealed.")


@app.command("verify")
def verify(
    *,
    home: Home = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="见证人保存的检查点 The witness's checkpoint.")
    ] = None,
    key: Key = "",
    proof: Annotated[
        Path | None, typer.Option(help="单个数值的证明（PDF）A proof of one value.")
    ] = None,
) -> None:
    """离线核验：没有记录被改动、删除或插入；指出第一条坏的。 Verify everything, offline."""
    if proof is not None:
        from songhua.app.audit.findings import Verdict
        from songhua.app.audit.prove import check_proof, read_proof

        verdict = Verdict()
        told = read_proof(need_file(proof).read_bytes())
        check_proof(told, key, verdict)
        value = told["value"]
        console.print(
            f"{value['site']} {value['quantity']} {value['time']}：{value['value']} {value['mark']}"
        )
    else:
        _set_up(home)
        verdict = _verify_home(checkpoint, key)
    _show(verdict)


@app.command("prove")
def prove(
    site: Annotated[str, typer.Argument(help="站点编码 Site key.")],
    quantity: Annotated[str, typer.Argument(help="指标 Quantity key.")],
    time: Annotated[str, typer.Argument(help="时段的开始，北京时间 Start: 2020-04-04T11:00")],
    *,
    out: Annotated[Path, typer.Option(metavar="FILE.pdf", help="写到哪里 Where to write.")],
    period: Annotated[str, typer.Option(help="hour | day | minute | sample")] = "hour",
    home: Home = None,
) -> None:
    """一页 PDF 证明：这个数值自写入之日起未被改动。 Prove one value on one page."""
    try:
        at = datetime.fromisoformat(time)
    except ValueError:
        raise BadInput(f"不是时间：{time}。", f"Not a time: {time}.") from None
    at = at if at.tzinfo else at.replace(tzinfo=BEIJING)
    _set_up(home)
    from songhua.app.ask import ask
    from songhua.app.audit.page import write_page

    asked = {"site": site, "quantity": quantity, "period": period, "time": at.isoformat()}
    out.write_bytes(write_page(ask("audit_prove", asked)))
    console.print(f"已写出 {out}。 Written.")


def _set_up(home: Path | None) -> None:
    if home is not None:
        if not home.is_dir():
            raise BadInput(f"没有这个目录：{home}。", f"No such folder: {home}.")
        os.environ["SONGHUA_HOME"] = str(home.resolve())
    from songhua.app.wiring import set_up

    set_up()


def _verify_home(checkpoint: Path | None, key: str) -> Any:
    from django.conf import settings

    from songhua.app import control
    from songhua.app.ask import ask
    from songhua.app.audit.findings import Found
    from songhua.app.audit.registry import check_registry
    from songhua.app.audit.verify import Asked, check_files, check_shelf
    from songhua.store import open_shelf

    witness = need_file(checkpoint).read_bytes() if checkpoint else None
    asked = Asked(settings.SONGHUA_HOME, settings.SONGHUA_JOURNAL, witness, key)
    files = check_files(asked)
    if files.at_rest:
        return files.verdict
    check_registry(files.expected, files.verdict)
    if control.is_running(settings.SONGHUA_HOME):
        found = ask("audit_shelf", {})["found"]
        files.verdict.found += [Found(**one) for one in found]
        return files.verdict
    try:
        shelf = open_shelf(settings.SONGHUA_OBSERVATIONS)
    except BadInput as fault:
        files.verdict.fail("shelf", "observations", fault.zh, fault.en)
        return files.verdict
    try:
        check_shelf(shelf, files.chain, files.verdict)
    finally:
        shelf.close()
    return files.verdict


def _show(verdict: Any) -> None:
    marks = {"ok": "[green]✓[/green]", "warn": "[yellow]![/yellow]", "fail": "[red]✗[/red]"}
    for one in verdict.found:
        console.print(f"{marks[one.state]} {one.zh}\n  [dim]{one.en}[/dim]")
    if not verdict.is_whole:
        first = next(one for one in verdict.found if one.state == "fail")
        console.print(
            f"[red]核验不通过[/red]，首个坏处：{first.where}\n"
            f"  [dim]Not as it was; the first bad: {first.where}[/dim]"
        )
        raise typer.Exit(1)
    console.print(
        "核验通过：没有发现改动、删除或插入。 Verified: nothing altered, removed or put in."
    )
