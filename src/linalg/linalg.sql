-- What this backend computes with

CREATE FUNCTION neuroenc_info(OUT version text, OUT blas_library text, OUT blas_config text, OUT blas_kernel text,
		OUT blas_threads int, OUT threads int, OUT memory_limit text, OUT memory_in_use bigint, OUT progress int)
	AS 'MODULE_PATHNAME', 'linalg_info' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION neuroenc_info() IS 'One row about neuroenc in this session: version of the shared library; blas_library, the file of OpenBLAS that was loaded, blas_config, its build, and blas_kernel, the processor kernel it chose; blas_threads, the threads that OpenBLAS itself uses in this backend (always 1: threads are neuroenc''s own); the settings neuroenc.threads, neuroenc.memory_limit and neuroenc.progress (seconds); and memory_in_use, the bytes that live states of this session count against the limit now.';
