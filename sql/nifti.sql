SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- A map leaves as an image: 2 x 1 x 3 voxels of 2 mm. In C order (i, j, k): i = 0 holds 1 2 3, i = 1 holds 4 5 6.
CREATE TABLE images (name text PRIMARY KEY, f bytea);
INSERT INTO images VALUES
    ('map', to_nifti('[[2,0,0,-10],[0,2,0,-20],[0,0,2,5],[0,0,0,1]]', '[[[1,2,3]],[[4,5,6]]]'));
SELECT length(f), encode(substr(f, 345, 4), 'escape') AS magic FROM images;
SELECT h.* FROM images, nifti_header(f) h \gx
SELECT nifti_affine(f) FROM images;
-- In the file i is fastest: 1 4 2 5 3 6. Rows come in that order, indices from 0, v = affine (i, j, k).
SELECT v.* FROM images, nifti_voxels(f) v;
SELECT v.* FROM images, nifti_volumes(f) v;
-- The other way: a vector in that order has the shape (k, j, i).
SELECT to_nifti(nifti_affine(f), transpose(reshape(volume, ARRAY[3, 1, 2]))) = f AS same FROM images, nifti_volumes(f);

-- Four dimensions: a series a voxel, a volume a time.
INSERT INTO images VALUES ('run', to_nifti(eye(4), '[[[[1,2,3]],[[4,5,6]]],[[[7,8,9]],[[-1,NaN,Infinity]]]]'));
SELECT i, j, k, series FROM images, nifti_voxels(f) WHERE name = 'run';
SELECT t, volume FROM images, nifti_volumes(f) WHERE name = 'run';
-- float8 stays float8 in the file, halves become float4; reading gives float4.
SELECT dtype, h.datatype, h.dims, length(f), v.volume
FROM unnest(ARRAY['float2', 'float4', 'float8']) dtype,
     LATERAL (SELECT to_nifti(eye(4), (dtype || ':[[[0.1,2]]]')::tensor) AS f) q, nifti_header(f) h, nifti_volumes(f) v;
-- A dimension over 32,767 needs NIfTI-2.
SELECT h.version, h.dims, h.datatype, h.vox_offset, count(*), max(i), sum_of(stack(series ORDER BY i)) = 40000.0 * 39999 / 2 AS all_there
FROM (SELECT to_nifti(eye(4), reshape(arange(0, 40000, 1), '{40000,1,1}')) AS f) q, nifti_header(f) h, nifti_voxels(f)
GROUP BY 1, 2, 3, 4;

-- A mask is an image with the same three dimensions; 0 and NaN are out.
INSERT INTO images VALUES ('mask', to_nifti(eye(4), '[[[1,0,NaN]],[[0,-0.5,7]]]'));
SELECT v.* FROM images a, images m, nifti_voxels(a.f, m.f) v WHERE a.name = 'map' AND m.name = 'mask';
SELECT v.* FROM images a, images m, nifti_volumes(a.f, mask => m.f) v WHERE a.name = 'map' AND m.name = 'mask';
SELECT count(*) FROM images, nifti_voxels(f, to_nifti(eye(4), zeros('{2,1,3}'))) WHERE name = 'map';
SELECT v.* FROM images a, images m, nifti_voxels(a.f, m.f) v WHERE a.name = 'run' AND m.name = 'mask';
SELECT v.* FROM images a, images m, nifti_volumes(a.f, m.f) v WHERE a.name = 'map' AND m.name = 'run';
SELECT v.* FROM images a, images m, nifti_voxels(a.f, m.f) v WHERE a.name = 'run' AND m.name = 'run';

-- In a select list; with LIMIT; no image; several at once.
SELECT (nifti_voxels(f)).series FROM images WHERE name = 'map' LIMIT 2;
SELECT count(*) FROM nifti_voxels(NULL);
SELECT count(*) FROM nifti_volumes(NULL, NULL);
SELECT nifti_header(NULL), nifti_affine(NULL), to_nifti(NULL, NULL);
SELECT a.name, count(*) FROM images a, nifti_voxels(a.f) v, nifti_volumes(a.f) w GROUP BY 1 ORDER BY 1;

-- A file by hand: NIfTI-1, big-endian, int16, 2 x 1 x 1 x 3, scl_slope 0.5, scl_inter 10, no sform, no qform, pixdim 3 1 1, units mm and
-- sec; samples 0 2 | 4 -2 | 32767 -32768, so values are 10 11 | 12 9 | 16393.5 -16374.
CREATE TABLE hand AS SELECT
    decode('0000015c', 'hex') || decode(repeat('00', 36), 'hex')                       -- sizeof_hdr; to dim
    || decode('00040002000100010003000100010001', 'hex') || decode(repeat('00', 14), 'hex') -- dim; to datatype
    || decode('000400100000', 'hex')                                                   -- datatype 4, bitpix 16
    || decode('3f800000404000003f8000003f80000040000000', 'hex') || decode(repeat('00', 12), 'hex')   -- pixdim
    || decode('43b000003f00000041200000', 'hex') || decode('0000000a', 'hex')          -- vox_offset 352, slope, inter; units
    || decode(repeat('00', 24), 'hex') || decode(rpad(encode('by hand', 'hex'), 160, '0'), 'hex')     -- descrip
    || decode(repeat('00', 116), 'hex') || '\x6e2b3100'::bytea || '\x00000000'::bytea  -- to magic; n+1; no extension
    || decode('000000020004fffe7fff8000', 'hex') AS f;
SELECT length(f) FROM hand;
SELECT h.* FROM hand, nifti_header(f) h \gx
-- No sform and no qform: nibabel's base affine, x flipped, the centre at 0: x = 1.5 - 3 i.
SELECT nifti_affine(f) FROM hand;
SELECT v.* FROM hand, nifti_voxels(f) v;
SELECT v.* FROM hand, nifti_volumes(f) v;
-- With a qform (code at byte 252): quaternion (0, 0, 1), half a turn about z, so x = -3 i, y = -j; offset (7, 0, 0); qfac -1 turns z.
SELECT nifti_affine(overlay(overlay(overlay(overlay(f PLACING '\x0001' FROM 253) PLACING '\x3f800000' FROM 265)
       PLACING '\x40e00000' FROM 269) PLACING '\xbf800000' FROM 77)) FROM hand;
SELECT nifti_affine(overlay(overlay(f PLACING '\x0001' FROM 253) PLACING '\x3f8ccccd' FROM 265)) FROM hand;
-- scl_slope 0 or NaN: no scaling, whatever scl_inter is. An infinite intercept is refused.
SELECT v.* FROM hand, nifti_volumes(overlay(f PLACING '\x00000000' FROM 113)) v;
SELECT v.* FROM hand, nifti_volumes(overlay(f PLACING '\x7fc00000' FROM 113)) v;
SELECT v.* FROM hand, nifti_volumes(overlay(f PLACING '\x7f800000' FROM 117)) v;
-- The same, compressed: gzip of the file above, in one stored block, checksum included.
CREATE FUNCTION pg_temp.gz(f bytea, crc bytea) RETURNS bytea LANGUAGE sql AS $$
SELECT '\x1f8b08000000000000ff01'::bytea || set_byte(set_byte('\x0000', 0, length(f) % 256), 1, length(f) / 256)
    || set_byte(set_byte('\x0000', 0, 255 - length(f) % 256), 1, 255 - length(f) / 256) || f || crc
    || set_byte(set_byte('\x00000000', 0, length(f) % 256), 1, length(f) / 256) $$;
SELECT v.*, h.gzip FROM hand, pg_temp.gz(f, '\xdf08cb8d') g, nifti_volumes(g) v, nifti_header(g) h;
SELECT v.* FROM hand, pg_temp.gz(f, '\x00000000') g, nifti_volumes(g) v;
SELECT v.* FROM hand, substr(pg_temp.gz(f, '\x00000000'), 1, 370) g, nifti_volumes(g) v;

-- What is refused, and how. Not NIfTI at all:
SELECT nifti_header('');
SELECT nifti_header('\x5c');
SELECT nifti_affine(decode(repeat('ab', 400), 'hex'));
SELECT nifti_header('\x1f8b');
-- Halves of a pair, Analyze, a damaged NIfTI-2:
SELECT nifti_header(overlay(f PLACING '\x6e693100' FROM 345)) FROM hand;
SELECT nifti_header(overlay(f PLACING '\x00000000' FROM 345)) FROM hand;
SELECT nifti_header(overlay(to_nifti(eye(4), zeros('{1,40000,1}')) PLACING '\x0a' FROM 9));
-- Truncated:
SELECT nifti_header(substr(f, 1, 347)) FROM hand;
SELECT (nifti_header(substr(f, 1, 348))).dims FROM hand;
SELECT count(*) FROM hand, nifti_voxels(substr(f, 1, 350));
SELECT count(*) FROM hand, nifti_voxels(substr(f, 1, length(f) - 1));
SELECT count(*) FROM hand, nifti_volumes(f, substr(f, 1, length(f) - 1));
-- Dimensions, types, sizes, offsets that lie:
SELECT nifti_header(overlay(f PLACING '\x0008' FROM 41)) FROM hand;
SELECT nifti_header(overlay(f PLACING '\x0000' FROM 43)) FROM hand;
SELECT nifti_header(overlay(f PLACING '\xfffe' FROM 43)) FROM hand;
SELECT nifti_header(overlay(f PLACING '\x0003' FROM 71)) FROM hand;
SELECT nifti_header(overlay(f PLACING '\x0020' FROM 73)) FROM hand;
SELECT nifti_header(overlay(f PLACING '\x43af8000' FROM 109)) FROM hand;
SELECT nifti_header(overlay(f PLACING '\x43b04000' FROM 109)) FROM hand;
SELECT nifti_header(overlay(f PLACING '\x7fc00000' FROM 109)) FROM hand;
SELECT nifti_header(overlay(f PLACING '\x5f000000' FROM 109)) FROM hand;
SELECT count(*) FROM hand, nifti_voxels(overlay(f PLACING '\x44800000' FROM 109));
SELECT count(*) FROM hand, nifti_voxels(overlay(f PLACING '\x7fff7fff7fff7fff7fff7fff7fff' FROM 43));
SELECT count(*) FROM hand, nifti_voxels(overlay(f PLACING '\x00077fff7fff7fff7fff7fff7fff7fff' FROM 41));
SELECT count(*) FROM hand, nifti_voxels(overlay(f PLACING '\x7fff' FROM 49));
-- Types that have no place in a tensor:
SELECT (nifti_header(g)).datatype FROM hand, overlay(f PLACING '\x00200040' FROM 71) g;
SELECT count(*) FROM hand, nifti_voxels(overlay(f PLACING '\x00200040' FROM 71));
SELECT count(*) FROM hand, nifti_volumes(overlay(f PLACING '\x00800018' FROM 71));
-- An affine that is not finite has no voxels in millimetres, but its volumes are read.
SELECT count(*) FROM hand, nifti_voxels(overlay(f PLACING '\x7f800000' FROM 81));
SELECT count(*) FROM hand, nifti_volumes(overlay(f PLACING '\x7f800000' FROM 81));
-- A gzip file inflates to at most 1,032 times its size: 30,000 x 30 x 1 x 3 int16 are not in a file of 387 bytes.
SELECT count(*) FROM hand, pg_temp.gz(overlay(f PLACING '\x7530001e' FROM 43), '\x00000000') g, nifti_voxels(g);

SELECT to_nifti(eye(4), '[1,2,3]');
SELECT to_nifti(eye(4), zeros('{2,0,2}'));
SELECT to_nifti(eye(3), zeros('{1,1,1}'));
SELECT to_nifti('float8:[[1e300,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]', zeros('{1,1,1}'));

DROP TABLE images, hand;
