-- Observations: nothing is overwritten. The current value of a key is that of its greatest
-- (decided, revision): a person's decision stands until a person changes it, whatever arrives later.
CREATE TABLE IF NOT EXISTS observations
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
    recorded_at DateTime64(3, 'UTC') CODEC(ZSTD),
    decided     UInt8 MATERIALIZED reason != ''
)
ENGINE = {replacing}
PARTITION BY (period, toYear(time))
ORDER BY (period, site, quantity, time, revision)
SETTINGS index_granularity = 4096
