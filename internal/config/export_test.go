package config

// RedisOptions is what a Redis URL says, for tests.
var RedisOptions = parseRedis
