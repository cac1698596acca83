"""The calling engine: from a due contact to an accounted call, in one asyncio process.

The rooms, from the command line down to the pure rules:

- ``engine.commands``   the ``gomobile`` command, one module a noun
- ``engine.demo``       the campaign of ``make demo``
- ``engine.app``        composes store, dialer, SIP and media into a running node
- ``engine.simulator``  a carrier to practise on
- ``engine.dial``       due rows into calls: snapshot, gates, dialer, reaper
- ``engine.call``       one task a call: place, perform
- ``engine.sip``        signalling: a pure user agent and one thin transport
- ``engine.store``      all SQL
- ``engine.program``    what runs, and when (pure)
- ``engine.org``        what an organization owns (pure)

A due row becomes a finished one in six hops:
``store.claim → dial.Dialer → call.place → flows.Session.resume → call.perform → store.finish``.
The layers are enforced by import-linter (``pyproject.toml``).
"""
