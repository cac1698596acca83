-- migrate:up

-- Where a trunk's calls go: what is not stated is DNS's to say (RFC 3263).
ALTER TABLE trunk
    ALTER port DROP NOT NULL,
    ALTER port DROP DEFAULT,
    ALTER transport DROP NOT NULL,
    ALTER transport DROP DEFAULT,
    DROP CONSTRAINT trunk_transport_check,
    ADD CONSTRAINT trunk_transport_check CHECK (transport IN ('udp', 'tcp', 'tls')),
    ADD COLUMN large_over_tcp boolean NOT NULL DEFAULT false;

-- migrate:down

UPDATE trunk SET port = coalesce(port, 5060), transport = 'udp';
ALTER TABLE trunk
    DROP COLUMN large_over_tcp,
    DROP CONSTRAINT trunk_transport_check,
    ADD CONSTRAINT trunk_transport_check CHECK (transport IN ('udp')),
    ALTER port SET NOT NULL,
    ALTER port SET DEFAULT 5060,
    ALTER transport SET NOT NULL,
    ALTER transport SET DEFAULT 'udp';
