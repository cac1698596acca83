"""The ``gomobile`` command: one module a noun, composed in ``gomobile``.

What the operator does before there is a key (``organization``, ``key``, ``trunk``, ``did``), what
he records (``dictionary``), what runs (``serve``, ``carrier``, ``demonstration``) and what explains
(``settings``). Each command
prints for people, or with ``--json`` one JSON value for programs (``answer``); errors go to the
error stream as one sentence, with ``--json`` as ``{code, message}``, and the exit status is 1.
Imported by ``engine.__main__`` alone.
"""
