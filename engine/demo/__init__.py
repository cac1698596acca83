"""The campaign of ``gomobile demo``: the whole product on one machine, seen from outside.

::

    processes    the daemon and the simulated carrier, started and stopped as a user would
    client       the HTTP API, as a client of it writes it
    campaign     contacts, prompts, flow and program in; an execution out
    screen       what is shown while it runs
    expectation  what the simulator's script says must become of every contact
    summary      what is written and printed at the end

``contacts.csv``, ``flow.json`` and ``prompts/`` are its material: a bank calls its customers in
their language with a menu, a spoken balance and a recorded message. Nothing here touches the store
or the call: commands and HTTP only.
"""
