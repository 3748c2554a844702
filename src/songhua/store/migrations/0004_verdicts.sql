-- What the checks say of a value, as far as it is suspect or fails. `scope` is the quantity, `subject` the
-- site, `revision` as in air_index. A value that passes again gets a row that says so.
CREATE TABLE IF NOT EXISTS verdicts${local}${on_cluster}
(
    period      LowCardinality(String),
    scope       LowCardinality(String),
    subject     LowCardinality(String),
    time        DateTime('UTC') CODEC(DoubleDelta, ZSTD),
    verdict     UInt8,
    evidence    String CODEC(ZSTD),
    revision    UInt64 CODEC(T64, ZSTD),
    cause       UInt64 CODEC(T64, ZSTD),
    code        LowCardinality(String),
    computed_at DateTime64(6, 'UTC') CODEC(ZSTD)
)
ENGINE = ${engine}
PARTITION BY (period, toYear(time))
ORDER BY (period, scope, time, subject, revision)
SETTINGS index_granularity = 1024;

-- cluster only
CREATE TABLE IF NOT EXISTS verdicts${on_cluster} AS verdicts_local
ENGINE = Distributed(${cluster}, ${database}, verdicts_local, cityHash64(subject));
