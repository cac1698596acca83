-- migrate:up

-- Where a trunk's calls go: what is not stated is DNS's to say (RFC 3263).
ALTER TABLE trunk
    ALTER port DROP NOT NULL,
    ALTER port DROP DEFAULT,
    ALTER transport DROP NOT NULL,
    ALTER transport DROP DEFAULT,
    DROP CONSTRAINT trunk_transport_check,
    ADD CONSTRAINT trunk_transport_check CHECK (transport IN ('udp', 'tcp', 'tls')),
    ADD COLUMN large_over_tcp boolean NOT NULL DEFAULT false,
    -- How numbers are written and callers are named.
    ADD COLUMN number_format text NOT NULL DEFAULT 'e164'
        CHECK (number_format IN ('e164', 'plain', 'national')),
    ADD COLUMN country text,                          -- ISO 3166 alpha-2: what national means
    ADD COLUMN prefix_rules text[] NOT NULL DEFAULT '{}',    -- PREFIX=REPLACEMENT
    ADD COLUMN identity text NOT NULL DEFAULT 'none'
        CHECK (identity IN ('none', 'asserted', 'preferred')),
    ADD COLUMN anonymous boolean NOT NULL DEFAULT false,
    ADD COLUMN diversion text,                        -- E.164
    ADD COLUMN headers text[] NOT NULL DEFAULT '{}',  -- NAME: VALUE
    ADD COLUMN user_to_user text;

-- How well the operator knows who calls from a number; NULL: its calls are not signed.
ALTER TABLE did ADD COLUMN attestation text CHECK (attestation IN ('A', 'B', 'C'));

-- migrate:down

ALTER TABLE did DROP COLUMN attestation;

UPDATE trunk SET port = coalesce(port, 5060), transport = 'udp';
ALTER TABLE trunk
    DROP COLUMN large_over_tcp,
    DROP COLUMN number_format,
    DROP COLUMN country,
    DROP COLUMN prefix_rules,
    DROP COLUMN identity,
    DROP COLUMN anonymous,
    DROP COLUMN diversion,
    DROP COLUMN headers,
    DROP COLUMN user_to_user,
    DROP CONSTRAINT trunk_transport_check,
    ADD CONSTRAINT trunk_transport_check CHECK (transport IN ('udp')),
    ALTER port SET NOT NULL,
    ALTER port SET DEFAULT 5060,
    ALTER transport SET NOT NULL,
    ALTER transport SET DEFAULT 'udp';
