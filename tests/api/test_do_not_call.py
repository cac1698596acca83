from __future__ import annotations

from engine.org import Role
from tests.api.tenant import FIELDS, Tenant


async def test_the_list(acme: Tenant) -> None:
    made = await acme.made("/do-not-call", {"number": "06 12 34 56 78", "reason": "by letter"})
    assert set(made) == FIELDS | {"id", "organizationId", "number", "programId", "reason", "callId"}
    assert (made["number"], made["programId"]) == ("+212612345678", None)
    program = await acme.program()
    body = {"number": "+212612345678", "programId": program["id"]}
    of_program = await acme.made("/do-not-call", body)
    again = await acme.post("/do-not-call", body)
    assert (again.status, again.body["code"]) == (409, "DO_NOT_CALL_EXISTS")
    listed = (await acme.get("/do-not-call?search=3456&sortBy=number")).body
    assert listed["meta"]["total"] == 2
    assert (await acme.get("/do-not-call?search=999")).body["data"] == []
    assert (await acme.delete(f"/do-not-call/{made['id']}")).status == 204
    gone = await acme.delete(f"/do-not-call/{made['id']}")
    assert (gone.status, gone.body["code"]) == (404, "DoNotCallNotFoundError")
    assert (await acme.get("/do-not-call")).body["data"] == [of_program]
    assert (await acme.post("/do-not-call", {"number": "06 12 34 56 78"})).status == 201


async def test_what_cannot_be_on_it(acme: Tenant, rival: Tenant) -> None:
    typed = await acme.post("/do-not-call", {"number": "nobody"})
    assert typed.status == 400
    assert typed.body["fieldDetails"]["number"][0]["code"] == "phone"
    foreign = await rival.program()
    body = {"number": "0612345678", "programId": foreign["id"]}
    missing = await acme.post("/do-not-call", body)
    assert (missing.status, missing.body["code"]) == (404, "ProgramNotFoundError")
    agent = await acme.with_role(Role.AGENT)
    assert (await agent.post("/do-not-call", {"number": "0612345678"})).status == 403
