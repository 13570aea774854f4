SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- Out: magic, version 1.0, header padded to 64 bytes, C order
SELECT encode(substr(to_npy('[[1,2],[3,4]]'), 1, 128), 'escape');
SELECT length(to_npy('[[1,2],[3,4]]')), substr(to_npy('[1,2]'), 129), substr(to_npy('float2:[1]'), 129), substr(to_npy('float8:1'), 129);
-- There and back, type and shape
SELECT v, from_npy(to_npy(v)), from_npy(to_npy(v)) = v FROM (VALUES ('[1,NaN]'::tensor), ('float8:[[0.1],[2]]'), ('float2:3'), ('(0,3):[]'),
	('[[[[[[[[1,2]]]]]]]]'), (NULL)) AS q (v);

-- A file by hand
CREATE FUNCTION npy(version int, header text, data bytea) RETURNS bytea LANGUAGE sql AS $$
	SELECT '\x934e554d5059'::bytea || set_byte('\x0000', 0, version) ||
		CASE WHEN version = 1 THEN set_byte('\x0000', 0, length(header))
			ELSE set_byte('\x00000000', 0, length(header)) END || convert_to(header, 'UTF8') || data
$$;
SELECT from_npy(npy(1, '{''descr'': ''<f4'', ''fortran_order'': False, ''shape'': (2,), }', '\x0000803f00000040'));
SELECT from_npy(npy(2, '{"shape":(2,),"descr":">f4","fortran_order":False}', '\x3f80000040000000'));
SELECT from_npy(npy(3, E'{''descr'': ''|i1'', ''fortran_order'': True, ''shape'': (2, 3)}   \n', '\x0102030405ff'));
SELECT from_npy(npy(1, '{''descr'': ''|b1'', ''fortran_order'': False, ''shape'': (3,)}', '\x000102'));
SELECT from_npy(npy(1, '{''descr'': ''|u1'', ''fortran_order'': False, ''shape'': (2L, 1L)}', '\x01ff'));
SELECT from_npy(npy(1, '{''descr'': ''>i2'', ''fortran_order'': False, ''shape'': (2,)}', '\x0001ffff'));
SELECT from_npy(npy(1, '{''descr'': ''<u2'', ''fortran_order'': False, ''shape'': (2,)}', '\x0100ffff'));
SELECT from_npy(npy(1, '{''descr'': ''<i4'', ''fortran_order'': False, ''shape'': (2,)}', '\x01000000ffffffff'));
SELECT from_npy(npy(1, '{''descr'': ''>u4'', ''fortran_order'': False, ''shape'': (2,)}', '\x00000001ffffffff'));
SELECT from_npy(npy(1, '{''descr'': ''>i8'', ''fortran_order'': False, ''shape'': ()}', '\x8000000000000000'));
SELECT from_npy(npy(1, '{''descr'': ''<u8'', ''fortran_order'': False, ''shape'': (1,)}', '\x0000000000000080'));
SELECT from_npy(npy(1, '{''descr'': ''>f8'', ''fortran_order'': False, ''shape'': ()}', '\x3ff8000000000000'));
SELECT from_npy(npy(1, '{''descr'': ''<f2'', ''fortran_order'': False, ''shape'': (1, 1)}', '\x003c'));
-- 64-bit integers that float8 does not hold
SELECT from_npy(npy(1, '{''descr'': ''>i8'', ''fortran_order'': False, ''shape'': (2,)}', '\x00200000000000000020000000000001'));
SELECT from_npy(npy(1, '{''descr'': ''<u8'', ''fortran_order'': False, ''shape'': ()}', '\xffffffffffffffff'));
SELECT from_npy(npy(1, '{''descr'': ''<i8'', ''fortran_order'': False, ''shape'': ()}', '\xffffffffffffff7f'));

-- Refused by name
SELECT from_npy(npy(1, '{''descr'': ''' || d || ''', ''fortran_order'': False, ''shape'': ()}', '\x00')) FROM (VALUES ('<c8')) AS q (d);
SELECT from_npy(npy(1, '{''descr'': ''|O'', ''fortran_order'': False, ''shape'': ()}', '\x00'));
SELECT from_npy(npy(1, '{''descr'': ''<U3'', ''fortran_order'': False, ''shape'': ()}', '\x00'));
SELECT from_npy(npy(1, '{''descr'': ''<M8[ns]'', ''fortran_order'': False, ''shape'': ()}', '\x00'));
SELECT from_npy(npy(1, '{''descr'': ''<f16'', ''fortran_order'': False, ''shape'': ()}', '\x00'));
SELECT from_npy(npy(1, '{''descr'': ''<i3'', ''fortran_order'': False, ''shape'': ()}', '\x00'));
SELECT from_npy(npy(1, '{''descr'': '''', ''fortran_order'': False, ''shape'': ()}', '\x00'));
SELECT from_npy(npy(1, '{''descr'': [(''a'', ''<f4'')], ''fortran_order'': False, ''shape'': ()}', '\x00'));

-- Hostile: headers that lie, or are no header
SELECT from_npy('');
SELECT from_npy('\x934e554d5059');
SELECT from_npy('\x00');
SELECT from_npy('\x934e554d50590400ffff');
SELECT from_npy('\x934e554d50590101ffff');
SELECT from_npy('\x934e554d50590100ffff');
SELECT from_npy('\x934e554d50590200ffff');
SELECT from_npy('\x934e554d50590200ffffffff7b7d');
SELECT from_npy(npy(1, '', ''));
SELECT from_npy(npy(1, '{}', ''));
SELECT from_npy(npy(1, '{', ''));
SELECT from_npy(npy(1, '{''descr', ''));
SELECT from_npy(npy(1, '{''descr'': ''<f4''}', ''));
SELECT from_npy(npy(1, '{''descr'': ''<f4'', ''descr'': ''<f4'', ''fortran_order'': False, ''shape'': ()}', ''));
SELECT from_npy(npy(1, '{''descr'': ''<f4'', ''fortran_order'': 0, ''shape'': ()}', ''));
SELECT from_npy(npy(1, '{''descr'': ''<f4'', ''fortran_order'': False, ''shape'': (2)}', ''));
SELECT from_npy(npy(1, '{''descr'': ''<f4'', ''fortran_order'': False, ''shape'': (2 3)}', ''));
SELECT from_npy(npy(1, '{''descr'': ''<f4'', ''fortran_order'': False, ''shape'': (-1,)}', ''));
SELECT from_npy(npy(1, '{''descr'': ''<f4'', ''fortran_order'': False, ''shape'': (,)}', ''));
SELECT from_npy(npy(1, '{''descr'': ''<f4'', ''fortran_order'': False, ''shape'': [2]}', ''));
SELECT from_npy(npy(1, '{''descr'': ''<f4'', ''fortran_order'': False, ''shape'': ()} x', ''));
SELECT from_npy(npy(1, '{''descr'': ''<f4'' ''fortran_order'': False, ''shape'': ()}', ''));
SELECT from_npy(npy(1, '{''descr'' ''<f4''}', ''));
SELECT from_npy(npy(1, '{''descr'': ''\x3c'', ''shape'': ()}', ''));
SELECT from_npy(npy(1, '{''__import__("os")'': 1}', ''));
SELECT from_npy(npy(1, '{''descr'': ''<f4'', ''fortran_order'': False, ''shape'': (1000000, 1000000)}', ''));
SELECT from_npy(npy(1, '{''descr'': ''<f4'', ''fortran_order'': False, ''shape'': (99999999999999999999,)}', ''));
SELECT from_npy(npy(1, '{''descr'': ''<f4'', ''fortran_order'': False, ''shape'': (1,1,1,1,1,1,1,1,1)}', '\x00000000'));
SELECT from_npy(npy(1, '{''descr'': ''<f4'', ''fortran_order'': False, ''shape'': (200000000,)}', '\x00'));
SELECT from_npy(npy(1, '{''descr'': ''<f4'', ''fortran_order'': False, ''shape'': (1,)}', '\x0000000000'));
DROP FUNCTION npy;
