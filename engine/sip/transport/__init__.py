"""The one thin shell around the pure user agent: every socket of ``engine.sip`` is in here.

- ``endpoint``     Endpoint: one ``Agent``, its loop, clock and timer
- ``call``         Call, IncomingCall: a call as its owner holds it
- ``datagram``     the UDP socket
- ``connections``  TCP and TLS connections, by hop;  ``connection``  one of them
- ``tls``          whom we trust, and what we show
- ``receiver``     what a socket tells the endpoint

Bytes come up ``datagram | connection → connections → endpoint → Agent`` and go down the same way;
``engine.sip`` re-exports what others need.
"""

from engine.sip.transport.call import Call, IncomingCall
from engine.sip.transport.endpoint import Endpoint
from engine.sip.transport.tls import TlsSettings

__all__ = ["Call", "Endpoint", "IncomingCall", "TlsSettings"]
