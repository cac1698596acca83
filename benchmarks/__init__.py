"""What things cost here, each beside a baseline measured in the same run.

``python -m benchmarks`` runs them all in their short form; ``python -m benchmarks.NAME`` runs one
in full. Each prints a table and writes JSON below ``var/benchmarks``. Machines differ and are
shared: the ratios are what can be compared.

- ``media``     packets sent and received, spacing at the receiver, beside a bare send loop
- ``sip``       parsing beside a bare split; user agents beside SIPp, at several paces
- ``speech``    numbers to keys beside num2words; keys to frames
- ``calls``     call set-ups and CPU per call, beside SIPp's own
- ``dialing``   claims, intents and outcomes a second, beside a bare asyncpg loop
- ``ingestion`` a table of contacts through the API, beside a bare COPY; audience previews
"""
