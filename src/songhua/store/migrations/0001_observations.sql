-- Observations: nothing is overwritten. The current value of a key is that of its greatest
-- (decided, revision): a person's decision stands until a person changes it, whatever arrives
-- later. Rows that are wholly the same, as a replay writes them, collapse.
CREATE TABLE IF NOT EXISTS observations${local}${on_cluster}
(
    site        LowCardinality(String),
    quantity    LowCardinality(String),
    period      LowCardinality(String),
    time        DateTime('UTC') CODEC(DoubleDelta, ZSTD),
    revision    UInt64 CODEC(T64, ZSTD),
    value       Nullable(Float64) CODEC(ZSTD),
    mark        LowCardinality(String),
    reason      LowCardinality(String),
    author      LowCardinality(String),
    line        UInt64 CODEC(Delta, ZSTD),
    recorded_at DateTime64(6, 'UTC') CODEC(ZSTD),
    decided     UInt8 MATERIALIZED reason != '',
    PROJECTION last_revision (SELECT max(revision))
)
ENGINE = ${engine}
PARTITION BY (period, toYear(time))
ORDER BY (period, site, quantity, time, revision)
SETTINGS index_granularity = 4096, deduplicate_merge_projection_mode = 'rebuild';

-- cluster only
CREATE TABLE IF NOT EXISTS observations${on_cluster} AS observations_local
ENGINE = Distributed(${cluster}, ${database}, observations_local, cityHash64(site));
