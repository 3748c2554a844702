-- When a row came onto this shelf, for those who follow it. Our code gives it when an insert
-- begins. It is no default of now: rows of before would then read as new at every question.
ALTER TABLE observations${local}${on_cluster}
    ADD COLUMN IF NOT EXISTS stored_at DateTime64(6, 'UTC') DEFAULT recorded_at CODEC(ZSTD),
    ADD INDEX IF NOT EXISTS stored stored_at TYPE minmax GRANULARITY 4,
    ADD PROJECTION IF NOT EXISTS newest (SELECT max(stored_at));
ALTER TABLE air_index${local}${on_cluster}
    ADD COLUMN IF NOT EXISTS stored_at DateTime64(6, 'UTC') DEFAULT computed_at CODEC(ZSTD),
    ADD INDEX IF NOT EXISTS stored stored_at TYPE minmax GRANULARITY 4,
    ADD PROJECTION IF NOT EXISTS newest (SELECT max(stored_at));
ALTER TABLE air_summary${local}${on_cluster}
    ADD COLUMN IF NOT EXISTS stored_at DateTime64(6, 'UTC') DEFAULT computed_at;
ALTER TABLE verdicts${local}${on_cluster}
    ADD COLUMN IF NOT EXISTS stored_at DateTime64(6, 'UTC') DEFAULT computed_at CODEC(ZSTD),
    ADD INDEX IF NOT EXISTS stored stored_at TYPE minmax GRANULARITY 4;

-- cluster only
ALTER TABLE observations${on_cluster} ADD COLUMN IF NOT EXISTS stored_at DateTime64(6, 'UTC');

-- cluster only
ALTER TABLE air_index${on_cluster} ADD COLUMN IF NOT EXISTS stored_at DateTime64(6, 'UTC');

-- cluster only
ALTER TABLE air_summary${on_cluster} ADD COLUMN IF NOT EXISTS stored_at DateTime64(6, 'UTC');

-- cluster only
ALTER TABLE verdicts${on_cluster} ADD COLUMN IF NOT EXISTS stored_at DateTime64(6, 'UTC');
