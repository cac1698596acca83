from __future__ import annotations

from tests.api.tenant import Tenant


async def test_consent_is_a_journal(acme: Tenant) -> None:
    body = {"number": "0612345678", "kind": "given", "source": "web form"}
    given = await acme.made("/consents", body | {"saidAt": "2026-01-05T10:00:00Z"})
    assert (given["number"], given["saidAt"]) == ("+212612345678", "2026-01-05T10:00:00.000Z")
    assert given["createdBy"] == str(acme.member_id)
    withdrawn = await acme.made("/consents", body | {"kind": "withdrawn"})
    assert withdrawn["saidAt"] == "2026-03-02T09:00:00.000Z"
    assert (await acme.get("/consents?search=0612")).body["data"] == []
    assert (await acme.get("/consents?search=12612")).body["data"] == [withdrawn, given]
    assert (await acme.post("/consents", body | {"kind": "perhaps"})).status == 400
    assert (await acme.post("/consents", body | {"number": "x"})).status == 400
