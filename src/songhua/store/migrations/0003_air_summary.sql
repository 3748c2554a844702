-- Months, quarters and years of sites and areas, and the rank of areas; `revision` as in air_index.
CREATE TABLE IF NOT EXISTS air_summary${local}${on_cluster}
(
    period       LowCardinality(String),
    scope        LowCardinality(String),
    subject      LowCardinality(String),
    time         DateTime('UTC'),
    so2          Nullable(Float64),
    no2          Nullable(Float64),
    pm2_5        Nullable(Float64),
    pm10         Nullable(Float64),
    co_p95       Nullable(Float64),
    o3_p90       Nullable(Float64),
    so2_p98      Nullable(Float64),
    no2_p98      Nullable(Float64),
    pm10_p95     Nullable(Float64),
    pm2_5_p95    Nullable(Float64),
    days         UInt16,
    valid_days   UInt16,
    good_days    UInt16,
    exceed_days  UInt16,
    level_1      UInt16,
    level_2      UInt16,
    level_3      UInt16,
    level_4      UInt16,
    level_5      UInt16,
    level_6      UInt16,
    index_so2    Nullable(Float64),
    index_no2    Nullable(Float64),
    index_co     Nullable(Float64),
    index_o3     Nullable(Float64),
    index_pm10   Nullable(Float64),
    index_pm2_5  Nullable(Float64),
    composite    Nullable(Float64),
    largest      LowCardinality(String),
    rank         Nullable(UInt16),
    reason       LowCardinality(String),
    edition      LowCardinality(String),
    revision     UInt64,
    cause        UInt64,
    code         LowCardinality(String),
    computed_at  DateTime64(6, 'UTC')
)
ENGINE = ${engine}
PARTITION BY period
ORDER BY (period, scope, time, subject, revision)
SETTINGS index_granularity = 1024;

-- cluster only
CREATE TABLE IF NOT EXISTS air_summary${on_cluster} AS air_summary_local
ENGINE = Distributed(${cluster}, ${database}, air_summary_local, cityHash64(subject));
