"""What commands ask of the record: checkpoints, the shelf compared, one value proved."""

import getpass
import socket
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.conf import settings

from songhua.api.record import Deed
from songhua.app.audit.checkpoint import checkpoints, path_of, read_checkpoint
from songhua.app.audit.findings import Verdict
from songhua.app.audit.prove import prove
from songhua.app.audit.verify import check_shelf
from songhua.app.control import Report, Work
from songhua.app.platform import Songhua
from songhua.model import BEIJING
from songhua.model.acting import acting
from songhua.store.registry.sites import name_on
from songhua.store.registry.triggers import tell_postgres

_KINDS = {
    **{"import": "import", "correct": "correction", "request": "command"},
    **dict.fromkeys(("user", "devices", "source", "source_token"), "setting"),
}
"""Work of commands, and what kind of act it is; other work is the platform's."""


def audit_works(platform: Songhua) -> Mapping[str, Work]:
    """Return the work of the record by name."""

    def checkpoint(args: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        del report
        made = platform.checkpoint(whole=bool(args.get("whole")))
        home = settings.SONGHUA_HOME
        return {
            "number": made.number,
            "records": made.size,
            "root": made.told["journal"]["root"],
            "rows": sum(group["rows"] for group in made.told["shelf"]["groups"]),
            "path": str(path_of(home, made.number)),
            "key": made.told["key"],
        }

    def shelf(args: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        del args, report
        verdict = Verdict()
        paths = checkpoints(settings.SONGHUA_HOME)
        chain = [read_checkpoint(path.read_bytes()) for path in paths]
        check_shelf(platform.shelf, chain, verdict)
        return {"found": [asdict(one) for one in verdict.found]}

    def proof(args: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        del report
        time = datetime.fromisoformat(args["time"])
        told = prove(
            settings.SONGHUA_HOME,
            platform.journal,
            platform.shelf,
            site=args["site"],
            quantity=args["quantity"],
            period=args["period"],
            time=time,
        )
        return {**told, "site_name": name_on(args["site"], time.astimezone(BEIJING).date())}

    return {"audit_checkpoint": checkpoint, "audit_shelf": shelf, "audit_prove": proof}


def recorded(platform: Songhua, name: str, work: Work) -> Work:
    """Return the same work, put on record as an act of who gave the command."""

    def done(args: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        token, outcome = uuid.uuid4().hex, 500
        tell_postgres(token)
        try:
            with acting(token) as brought:
                result = work(args, report)
            outcome = 200
        finally:
            tell_postgres("")
            platform.record.keep(
                Deed(
                    kind=_KINDS.get(name, "platform"),
                    who=str(args.get("author") or getpass.getuser()),
                    address=f"命令行 {socket.gethostname()}",
                    door=f"songhua {name}",
                    outcome=outcome,
                    token=token,
                    site=str(args.get("site", "")),
                    subject=_subject(args),
                    why=str(args.get("reason") or args.get("why") or ""),
                    brought=brought,
                )
            )
        return result

    return done


def _subject(args: Mapping[str, Any]) -> str:
    names = ("mn", "cn", "quantity", "time", "value", "name", "role", "region")
    return " ".join(f"{name}={args[name]}" for name in names if args.get(name) is not None)
