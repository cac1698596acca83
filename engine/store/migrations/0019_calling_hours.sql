-- migrate:up

ALTER TABLE program ADD COLUMN calling_hours jsonb;    -- in the callee's zone; NULL: any hour
ALTER TABLE execution ADD COLUMN calling_hours jsonb;

-- migrate:down

ALTER TABLE execution DROP COLUMN calling_hours;
ALTER TABLE program DROP COLUMN calling_hours;
