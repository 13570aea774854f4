-- Casts between json, jsonb and tensors.

CREATE FUNCTION tensor(j json) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_from_json' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION tensor(json) IS 'Nested JSON lists of numbers as a float8 tensor; null becomes NaN, the strings "NaN", "Infinity" and "-Infinity" are read. Lists of unequal length, objects and other values are an error.';

CREATE CAST (json AS tensor) WITH FUNCTION tensor(json);
COMMENT ON CAST (json AS tensor) IS 'Nested lists of numbers as a float8 tensor; null becomes NaN.';

CREATE FUNCTION tensor_json(t tensor) RETURNS json
	AS 'MODULE_PATHNAME', 'tensor_to_json' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION tensor_json(tensor) IS 'The tensor as nested JSON lists; the cast. NaN becomes null, an infinity the string "Infinity" or "-Infinity"; the element type, and dimensions after a 0, are lost.';

CREATE CAST (tensor AS json) WITH FUNCTION tensor_json(tensor);
COMMENT ON CAST (tensor AS json) IS 'Nested lists of numbers; NaN becomes null, an infinity a string.';

CREATE FUNCTION tensor(j jsonb) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_from_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION tensor(jsonb) IS 'Nested JSON lists of numbers as a float8 tensor; null becomes NaN, the strings "NaN", "Infinity" and "-Infinity" are read. Lists of unequal length, objects and other values are an error.';

CREATE CAST (jsonb AS tensor) WITH FUNCTION tensor(jsonb);
COMMENT ON CAST (jsonb AS tensor) IS 'Nested lists of numbers as a float8 tensor; null becomes NaN.';

CREATE FUNCTION tensor_jsonb(t tensor) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'tensor_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION tensor_jsonb(tensor) IS 'The tensor as nested JSON lists; the cast. NaN becomes null, an infinity the string "Infinity" or "-Infinity"; the element type, and dimensions after a 0, are lost.';

CREATE CAST (tensor AS jsonb) WITH FUNCTION tensor_jsonb(tensor);
COMMENT ON CAST (tensor AS jsonb) IS 'Nested lists of numbers; NaN becomes null, an infinity a string.';

