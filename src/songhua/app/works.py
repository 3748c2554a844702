"""The work that commands may ask for, by name."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from songhua.api.ports import CorrectionOrder, FraudOrder, ImportOrder
from songhua.api.v1 import capture as capture_rates
from songhua.api.v1.subject import region_named, site_named
from songhua.app.control import Report, Work
from songhua.app.platform import Songhua
from songhua.app.recorded import audit_works, recorded
from songhua.model import BadInput, Period
from songhua.store.doctor import examine
from songhua.store.registry import exchanges, links, records, sources


def works(platform: Songhua) -> Mapping[str, Work]:
    """Return each piece of work under the name a command asks for it by."""

    def import_file(args: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        order = ImportOrder(
            path=Path(args["path"]),
            name=args["name"],
            mapping=args["mapping"],
            author=args["author"],
            dry_run=args["dry_run"],
        )
        return platform.run_import(order, report)

    def correct(args: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        del report
        order = CorrectionOrder(**{**args, "time": datetime.fromisoformat(args["time"])})
        return platform.correct(order)

    def doctor(args: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        del args, report
        return {
            "findings": [asdict(finding) for finding in examine(platform.journal, platform.shelf)]
        }

    def replay(args: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        del args
        return {"entries": platform.replay(report)}

    def request(args: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        del report
        if platform.gateway is None:
            raise BadInput("网关没有运行。", "No gateway runs.")
        number = platform.gateway.send(
            args["mn"], args["cn"], args["values"], author=args["author"], why=args["why"]
        )
        return exchanges.wait_for(number, seconds=float(args["seconds"]))

    def fraud(args: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        span = {
            name: None if args[name] is None else datetime.fromisoformat(args[name])
            for name in ("start", "end")
        }
        return platform.run_fraud(FraudOrder(**{**args, **span}), report)

    def capture(args: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        del report
        which = capture_rates.months(args["first"], args["last"])
        region = region_named(args["region"]).key
        found = capture_rates.rated(which, by=args["by"], region=region)
        return {"rows": found.height, "csv": found.write_csv()}

    def check(args: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        span = Period(*(datetime.fromisoformat(args[name]) for name in ("start", "end")))
        site = site_named(args["site"]).key if args["site"] else ""
        return platform.check_again(span, args["author"], report, site=site)

    named = {
        "capture": capture,
        "check": check,
        "fraud": fraud,
        **_registering(),
        "request": request,
        "import": import_file,
        "correct": correct,
        "doctor": doctor,
        "replay": replay,
        **audit_works(platform),
    }
    return {name: recorded(platform, name, work) for name, work in named.items()}


def _registering() -> Mapping[str, Work]:
    """Return the work that enters people, loggers and sources into the registry."""

    def user(args: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        del report
        records.add_user(
            args["name"], role=args["role"], region=args["region"], password=args["password"]
        )
        return {}

    def devices(args: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        del report
        return {"loggers": links.load_devices(Path(args["path"]))}

    def source(args: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        del report
        made, token = sources.add(
            args["name"],
            args["source_kind"],
            args["settings"],
            region=args["region"],
            sites=args["sites"],
            author=args["author"],
        )
        return {"name": made.name, "kind": made.get_kind_display(), "token": token}

    def source_token(args: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        del report
        found = sources.named(args["name"])
        if found.kind != "http":
            raise BadInput("只有 HTTP 来源用令牌。", "Only HTTP sources have a token.")
        return {"token": sources.new_token(found)}

    return {"user": user, "devices": devices, "source": source, "source_token": source_token}
