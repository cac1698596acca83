-- migrate:up

-- A cancelled execution whose live calls are to end at once.
ALTER TABLE execution ADD COLUMN hang_up boolean NOT NULL DEFAULT false;
