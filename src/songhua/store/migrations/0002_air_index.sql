-- The air index of hours and days, of sites and areas; each row beside the state that made it.
-- `revision` counts the rows of a key from 1; the greatest is current. A map asks for one hour of
-- all subjects: the table's order. A chart asks for years of one subject: the projection.
CREATE TABLE IF NOT EXISTS air_index${local}${on_cluster}
(
    period      LowCardinality(String),
    scope       LowCardinality(String),
    subject     LowCardinality(String),
    time        DateTime('UTC') CODEC(DoubleDelta, ZSTD),
    so2         Nullable(Float64) CODEC(ZSTD),
    no2         Nullable(Float64) CODEC(ZSTD),
    co          Nullable(Float64) CODEC(ZSTD),
    o3          Nullable(Float64) CODEC(ZSTD),
    pm10        Nullable(Float64) CODEC(ZSTD),
    pm2_5       Nullable(Float64) CODEC(ZSTD),
    o3_8h       Nullable(Float64) CODEC(ZSTD),
    iaqi_so2    Nullable(UInt16) CODEC(ZSTD),
    iaqi_no2    Nullable(UInt16) CODEC(ZSTD),
    iaqi_co     Nullable(UInt16) CODEC(ZSTD),
    iaqi_o3     Nullable(UInt16) CODEC(ZSTD),
    iaqi_pm10   Nullable(UInt16) CODEC(ZSTD),
    iaqi_pm2_5  Nullable(UInt16) CODEC(ZSTD),
    aqi         Nullable(UInt16) CODEC(ZSTD),
    level       UInt8 CODEC(ZSTD),
    primary     LowCardinality(String),
    reason      LowCardinality(String),
    edition     LowCardinality(String),
    n           UInt16 CODEC(ZSTD),
    revision    UInt64 CODEC(T64, ZSTD),
    cause       UInt64 CODEC(T64, ZSTD),
    code        LowCardinality(String),
    computed_at DateTime64(6, 'UTC') CODEC(ZSTD),
    INDEX recent computed_at TYPE minmax GRANULARITY 8,
    PROJECTION ends (SELECT period, scope, min(time), max(time), count() GROUP BY period, scope),
    PROJECTION by_subject (SELECT * ORDER BY period, scope, subject, time, revision)
)
ENGINE = ${engine}
PARTITION BY (period, toYear(time))
ORDER BY (period, scope, time, subject, revision)
SETTINGS index_granularity = 1024, deduplicate_merge_projection_mode = 'rebuild';

-- cluster only
CREATE TABLE IF NOT EXISTS air_index${on_cluster} AS air_index_local
ENGINE = Distributed(${cluster}, ${database}, air_index_local, cityHash64(subject));
