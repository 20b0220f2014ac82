"""Text and binary."""

from __future__ import annotations

from embedded_snowflake_tests.conformance.case import (
    Anything,
    Case,
    Error,
    Group,
    Json,
    fails,
    value,
)

_F = "sql-reference/functions/"
_X = "sql-reference/functions-regexp"
_TEXT = "sql-reference/data-types-text"
_NO = Error(2, "0A000", "Unsupported feature")

GROUP = Group(
    "Text and binary",
    "VARCHAR and BINARY, text functions, regular expressions, hashes.",
    (
        Case(
            "CHR of a column, BIT_LENGTH of both",
            "SELECT CHR(a), BIT_LENGTH('é'), BIT_LENGTH(TO_BINARY('ABCD')) "
            "FROM (SELECT 8364::NUMBER AS a)",
            _F + "bit_length",
            rows=[("€", 16, 16)],
        ),
        Case(
            "REGEXP_INSTR by a column's option",
            "SELECT REGEXP_INSTR('Hello world', 'world', 1, 1, o) FROM (SELECT 1 AS o)",
            _F + "regexp_instr",
            rows=[(12,)],
        ),
        Case(
            "REGEXP_COUNT by a column's parameters",
            "SELECT REGEXP_COUNT('aAa', 'a', 1, p) FROM (SELECT 'i' AS p)",
            _F + "regexp_count",
            rows=[(3,)],
        ),
        Case(
            "REGEXP_LIKE by a column's parameters",
            "SELECT REGEXP_LIKE('A', 'a', p) FROM (SELECT 'i' AS p)",
            _F + "regexp_like",
            rows=[(True,)],
        ),
        Case(
            "REGEXP_REPLACE of an occurrence",
            "SELECT REGEXP_REPLACE('aaa', p, 'X', 1, 2) FROM (SELECT 'a' AS p)",
            _F + "regexp_replace",
            rows=[("aXa",)],
        ),
        Case(
            "REGEXP_SUBSTR by a column's pattern",
            "SELECT REGEXP_SUBSTR('abc', p) FROM (SELECT 'b' AS p)",
            _F + "regexp_substr",
            rows=[("b",)],
        ),
        value(
            "REGEXP_INSTR of a group",
            r"REGEXP_INSTR('It was the best of times', 'the\\W+(\\w+)', 1, 1, 0, 'e')",
            12,
            _F + "regexp_instr",
        ),
        value(
            "REGEXP_INSTR of a group whose place is not known",
            "REGEXP_INSTR('abaa', '(a)ba(a)', 1, 1, 0, 'e', 2)",
            4,
            _F + "regexp_instr",
            refused=Error(2, "0A000", "where a group stands"),
        ),
        value(
            "REGEXP_SUBSTR_ALL of a group",
            "REGEXP_SUBSTR_ALL('a1_a2', '(a)([[:digit:]])', 1, 1, 'e')",
            Json(["a", "a"]),
            _F + "regexp_substr_all",
            types=["ARRAY"],
        ),
        Case(
            "REGEXP_SUBSTR_ALL from an occurrence, of NULL and without a match",
            "SELECT REGEXP_SUBSTR_ALL('a1a2a3', 'a.', 1, 2), REGEXP_SUBSTR_ALL('a1', 'b'), "
            "REGEXP_SUBSTR_ALL(NULL, 'a'), REGEXP_SUBSTR_ALL('a', 'a', 1, 1, 'e')",
            _F + "regexp_substr_all",
            rows=[(Json(["a2", "a3"]), Json([]), None, Json(["a"]))],
        ),
        Case(
            "REGEXP_REPLACE from a position, with parameters, of NULL",
            "SELECT REGEXP_REPLACE('aaa', 'a', 'b', 2), REGEXP_REPLACE('aAa', 'a', 'b', 1, 2, 'i'), "
            "REGEXP_REPLACE('aa', 'a', 'b', 1, 3), REGEXP_REPLACE('a', 'a', NULL)",
            _F + "regexp_replace",
            rows=[("abb", "aba", "aa", None)],
        ),
        Case(
            "an empty regular expression matches nothing, an empty group every place",
            "SELECT REGEXP_SUBSTR('xy', ''), REGEXP_REPLACE('xy', '', '-'), "
            "REGEXP_SUBSTR_ALL('xy', ''), REGEXP_COUNT('xy', ''), REGEXP_REPLACE('xy', '()', '-')",
            _X,
            rows=[(None, "xy", Json([]), 0, "-x-y-")],
        ),
        Case(
            "REGEXP_SUBSTR_ALL of a group that the pattern has not",
            "SELECT REGEXP_SUBSTR_ALL('xyz', 'x(y)z', 1, 1, 'e', 2), "
            "REGEXP_SUBSTR_ALL('xyz', 'x([(]|y)z', 1, 1, 'e', 1)",
            _F + "regexp_substr_all",
            rows=[(None, Json(["y"]))],
        ),
        Case(
            "of the parameters c and i the last counts",
            "SELECT REGEXP_COUNT('aA', 'a', 1, 'ci'), REGEXP_COUNT('aA', 'a', 1, 'ics')",
            _X,
            rows=[(2, 1)],
        ),
        value(
            "a non-greedy quantifier",
            "REGEXP_SUBSTR('xxx', 'x+?')",
            Anything(),
            _X,
            refused=Error(2, "0A000", "non-greedy"),
        ),
        fails(
            "no regular expression",
            "SELECT REGEXP_LIKE('a', '(a')",
            Error(100048, "2201B", "Invalid regular expression"),
            _X,
        ),
        fails(
            "REGEXP_REPLACE of an occurrence before the first",
            "SELECT REGEXP_REPLACE('aa', 'a', 'b', 1, -1)",
            Error(part="-1"),
            _F + "regexp_replace",
        ),
        fails(
            "no parameter of a regular expression",
            "SELECT REGEXP_LIKE('a', 'a', 'x')",
            Error(part="parameters"),
            "sql-reference/functions-regexp",
        ),
        Case(
            "JAROWINKLER_SIMILARITY in whole hundredths, of any case, of nothing, of NULL",
            "SELECT JAROWINKLER_SIMILARITY('święta', 'swieta'), JAROWINKLER_SIMILARITY('a', 'A'), "
            "JAROWINKLER_SIMILARITY('', ''), JAROWINKLER_SIMILARITY(NULL, 'a')",
            _F + "jarowinkler_similarity",
            rows=[(77, 100, 0, None)],
        ),
        Case(
            "SOUNDEX and SOUNDEX_P123",
            "SELECT SOUNDEX('Pfister'), SOUNDEX_P123('Pfister'), SOUNDEX('LLoyd'), "
            "SOUNDEX('Ashcraft'), SOUNDEX('A'), SOUNDEX(NULL)",
            _F + "soundex_p123",
            rows=[("P236", "P123", "L300", "A261", "A000", None)],
        ),
        value(
            "SOUNDEX of several words",
            "SOUNDEX('two words')",
            Anything(),
            _F + "soundex",
            refused=Error(2, "0A000", "SOUNDEX"),
        ),
        Case(
            "SHA2 of other lengths, of a column's length, of NULL",
            "SELECT SHA2('Snowflake', n), SHA2_BINARY('Snowflake', n)::VARCHAR, SHA2(NULL, n) "
            "FROM (SELECT 224 AS n)",
            _F + "sha2",
            rows=[
                (
                    "6267d3d7a59929e6864dd4b737d98e3ef8569d9f88a7466647838532",
                    "6267D3D7A59929E6864DD4B737D98E3EF8569D9F88A7466647838532",
                    None,
                )
            ],
        ),
        value("SHA2 of no such length", "SHA2('a', 100)", Anything(), _F + "sha2", refused=_NO),
        Case(
            "PARSE_URL",
            "SELECT PARSE_URL('http://USER:PASS@EXAMPLE.INT:4345/HELLO.PHP?USER=1'), "
            "PARSE_URL('mailto:abc@xyz.com'):path::VARCHAR, PARSE_URL(NULL), "
            "PARSE_URL('example.int/hello.php', 1)",
            _F + "parse_url",
            rows=[
                (
                    Json(
                        {
                            "fragment": None,
                            "host": "USER:PASS@EXAMPLE.INT",
                            "parameters": {"USER": "1"},
                            "path": "HELLO.PHP",
                            "port": "4345",
                            "query": "USER=1",
                            "scheme": "http",
                        }
                    ),
                    "abc@xyz.com",
                    None,
                    Json({"error": "scheme not specified"}),
                )
            ],
        ),
        fails(
            "PARSE_URL without a scheme",
            "SELECT PARSE_URL('example.int/hello.php', 0)",
            Error(part="scheme not specified"),
            _F + "parse_url",
        ),
        value(
            "PARSE_URL of a form that has no example",
            "PARSE_URL('https://www.snowflake.com/?q=a%20b'):query::VARCHAR",
            Anything(),
            _F + "parse_url",
            refused=Error(2, "0A000", "PARSE_URL"),
        ),
        Case(
            "halves of MD5 as numbers",
            "SELECT MD5_NUMBER_LOWER64('Snowflake'), MD5_NUMBER_UPPER64('Snowflake'), "
            "MD5_NUMBER_UPPER64(NULL)",
            _F + "md5_number_lower64",
            rows=[(9203306159527282910, 17145559544104499780, None)],
        ),
        Case(
            "TRY_HEX_DECODE of half a byte, of no text, of NULL",
            "SELECT TRY_HEX_DECODE_BINARY('4142'), TRY_HEX_DECODE_STRING('4142'), "
            "TRY_HEX_DECODE_STRING('127'), TRY_HEX_DECODE_STRING('FF'), TRY_HEX_DECODE_BINARY(NULL)",
            _F + "try_hex_decode_string",
            rows=[(b"AB", "AB", None, None, None)],
        ),
        Case(
            "TRY_BASE64_DECODE with an alphabet, of what is none, of NULL",
            "SELECT TRY_BASE64_DECODE_STRING('SEVMTE8='), TRY_BASE64_DECODE_STRING('SEVMTE8$', '+/$'), "
            "TRY_BASE64_DECODE_BINARY('!'), TRY_BASE64_DECODE_BINARY('+/+/', '$'), "
            "TRY_BASE64_DECODE_STRING(NULL)",
            _F + "try_base64_decode_string",
            rows=[("HELLO", "HELLO", None, None, None)],
        ),
        value("a text that is an at-sign", "SPLIT_PART('a@b', '@', 2)", "b", _F + "split_part"),
        value("an empty text is not NULL", "'' IS NULL", False, _TEXT),
        value("comparison minds the case", "'a' = 'A'", False, _TEXT),
        value("spaces at the end count", "'a' = 'a '", False, _TEXT),
        value("a doubled quote", "'it''s'", "it's", _TEXT),
        value("escapes in a literal", r"'a\tb\\c\'d'", "a\tb\\c'd", _TEXT),
        value("an escape by code", r"'\u26c4'", "\u26c4", _TEXT),
        value("dollars keep everything", r"$$a\tb'c$$", r"a\tb'c", _TEXT),
        Case(
            "the longest VARCHAR is the default",
            ("CREATE TABLE t (a VARCHAR, b VARCHAR(10), c CHAR, d TEXT)", "DESC TABLE t"),
            _TEXT,
            only=("name", "type"),
            rows=[
                ("A", "VARCHAR(16777216)"),
                ("B", "VARCHAR(10)"),
                ("C", "VARCHAR(1)"),
                ("D", "VARCHAR(16777216)"),
            ],
        ),
        fails(
            "a text longer than its column is refused",
            ("CREATE TABLE t (a VARCHAR(2))", "INSERT INTO t VALUES ('abc')"),
            Error(part="too long"),
            _TEXT,
        ),
        fails(
            "a cast to VARCHAR(n) does not cut",
            "SELECT s::VARCHAR(2) FROM (SELECT column1 AS s FROM VALUES ('ab'), ('abc'))",
            Error(100078, "22000", "'abc' is too long and would be truncated"),
            _F + "cast",
        ),
        fails(
            "a cast to CHAR is of one character",
            "SELECT 12::CHAR",
            Error(100078, "22000", "too long"),
            _F + "cast",
        ),
        value("|| with NULL is NULL", "'a' || NULL", None, _F + "concat"),
        value("CONCAT_WS with NULL is NULL", "CONCAT_WS('-', 'a', NULL)", None, _F + "concat_ws"),
        value("LENGTH counts characters", "LENGTH('é☃')", 2, _F + "length"),
        value("OCTET_LENGTH counts bytes", "OCTET_LENGTH('é')", 2, _F + "octet_length"),
        value("OCTET_LENGTH of a number", "OCTET_LENGTH(1234)", 4, _F + "octet_length"),
        value("SUBSTR counts from 1", "SUBSTR('testing 1 2 3', 9, 5)", "1 2 3", _F + "substr"),
        value("SUBSTR from the end", "SUBSTR('abcdef', -2)", "ef", _F + "substr"),
        value("LEFT", "LEFT('ABCDEF', 3)", "ABC", _F + "left"),
        value("RIGHT", "RIGHT('ABCDEFG', 3)", "EFG", _F + "right"),
        value("INITCAP", "INITCAP('the big brown fox')", "The Big Brown Fox", _F + "initcap"),
        value("TRIM of given characters", "TRIM('❄-❄ABC-❄-', '❄-')", "ABC", _F + "trim"),
        value("LTRIM of given characters", "LTRIM('#000000123', '0#')", "123", _F + "ltrim"),
        value("RTRIM of given characters", "RTRIM('$125.00', '0.')", "$125", _F + "rtrim"),
        value("LPAD cuts what is longer", "LPAD('123456', 3, '0')", "123", _F + "lpad"),
        value("LPAD", "LPAD('123', 8, 'ab')", "ababa123", _F + "lpad"),
        value("RPAD", "RPAD('123', 5, '0')", "12300", _F + "rpad"),
        value("REPEAT", "REPEAT('xy', 3)", "xyxyxy", _F + "repeat"),
        value("REVERSE", "REVERSE('Hello, world!')", "!dlrow ,olleH", _F + "reverse"),
        value("CONTAINS", "CONTAINS('coffee', 'ff')", True, _F + "contains"),
        value("STARTSWITH", "STARTSWITH('coffee', 'te')", False, _F + "startswith"),
        value("ENDSWITH", "ENDSWITH('coffee', 'ee')", True, _F + "endswith"),
        value("POSITION", "POSITION('an', 'banana', 3)", 4, _F + "position"),
        value("CHARINDEX", "CHARINDEX('an', 'banana', 1)", 2, _F + "charindex"),
        value("CHARINDEX of what is not there", "CHARINDEX('x', 'banana')", 0, _F + "charindex"),
        value("SPLIT", "SPLIT('127.0.0.1', '.')", Json(["127", "0", "0", "1"]), _F + "split"),
        value("SPLIT_PART", "SPLIT_PART('11.22.33', '.', 2)", "22", _F + "split_part"),
        value(
            "SPLIT_PART from the end", "SPLIT_PART('11.22.33', '.', -1)", "33", _F + "split_part"
        ),
        value("SPLIT_PART past the end", "SPLIT_PART('a|b', '|', 5)", "", _F + "split_part"),
        value("STRTOK", "STRTOK('a.b.c', '.', 2)", "b", _F + "strtok"),
        value("REPLACE", "REPLACE('down', 'down', 'up')", "up", _F + "replace"),
        value("REPLACE removes", "REPLACE('abcd', 'bc')", "ad", _F + "replace"),
        value("TRANSLATE", "TRANSLATE('❄a❄bX❄dX❄', 'X❄', 'c ')", " a bc dc ", _F + "translate"),
        value("INSERT", "INSERT('abcdef', 3, 2, 'zzz')", "abzzzef", _F + "insert"),
        value("LIKE", "'abc' LIKE 'a_c'", True, _F + "like"),
        value("LIKE takes the whole text", "'abc' LIKE 'b%'", False, _F + "like"),
        value("LIKE with ESCAPE", "'a_c' LIKE 'a^_c' ESCAPE '^'", True, _F + "like"),
        value("ILIKE", "'ABC' ILIKE 'a%'", True, _F + "ilike"),
        value("LIKE ANY", "'abc' LIKE ANY ('x%', 'a%')", True, _F + "like_any"),
        value("RLIKE takes the whole text", "RLIKE('abc', 'b')", False, _F + "rlike"),
        value("REGEXP_LIKE", "REGEXP_LIKE('abc', 'A.*', 'i')", True, _F + "regexp_like"),
        value(
            "REGEXP_REPLACE of every match",
            "REGEXP_REPLACE('a1b22', '[0-9]+', '#')",
            "a#b#",
            _F + "regexp_replace",
        ),
        value(
            "REGEXP_REPLACE with a group",
            r"REGEXP_REPLACE('firstname lastname', '(.*) (.*)', '\\2 \\1')",
            "lastname firstname",
            _F + "regexp_replace",
        ),
        value(
            "REGEXP_SUBSTR by occurrence",
            "REGEXP_SUBSTR('a1b22c333', '[0-9]+', 1, 2)",
            "22",
            _F + "regexp_substr",
        ),
        value(
            "REGEXP_SUBSTR of a group",
            "REGEXP_SUBSTR('key=value', '(.*)=(.*)', 1, 1, 'e', 2)",
            "value",
            _F + "regexp_substr",
        ),
        value("REGEXP_INSTR", "REGEXP_INSTR('abc123', '[0-9]')", 4, _F + "regexp_instr"),
        value("REGEXP_COUNT", "REGEXP_COUNT('a1b22', '[0-9]')", 3, _F + "regexp_count"),
        value("EDITDISTANCE", "EDITDISTANCE('Snowflake', 'snow')", 6, _F + "editdistance"),
        value(
            "EDITDISTANCE beyond ASCII",
            "EDITDISTANCE('é', 'e')",
            1,
            _F + "editdistance",
        ),
        value(
            "JAROWINKLER_SIMILARITY beyond ASCII",
            "JAROWINKLER_SIMILARITY('é', 'e')",
            0,
            _F + "jarowinkler_similarity",
        ),
        value(
            "REGEXP_SUBSTR of several lines",
            "REGEXP_SUBSTR('a\\nb', '^b$', 1, 1, 'm')",
            "b",
            _F + "regexp_substr",
        ),
        value("LPAD with nothing", "LPAD('a', 5, '')", "a", _F + "lpad"),
        value("BASE64_ENCODE beyond ASCII", "BASE64_ENCODE('é')", "w6k=", _F + "base64_encode"),
        value(
            "TRY_TO_BINARY of no hexadecimal digits",
            "TRY_TO_BINARY('ZZ', 'HEX')",
            None,
            _F + "try_to_binary",
        ),
        value("ASCII", "ASCII('abc')", 97, _F + "ascii"),
        value("CHR", "CHR(233)", "é", _F + "chr"),
        value("UNICODE", "UNICODE('❄')", 10052, _F + "unicode"),
        value("MD5", "MD5('Snowflake')", "edf1439075a83a447fb8b630ddc9c8de", _F + "md5"),
        value("SHA1", "SHA1('Snowflake')", "fda76b0bcc1e87cf259b1d1e3271d76f590fb5dd", _F + "sha1"),
        value(
            "SHA2",
            "SHA2('Snowflake', 256)",
            "1dbd59f661d68b90724f21084396b865497173e4d2714f4d91cf05fa5fc5e18d",
            _F + "sha2",
        ),
        value("BASE64_ENCODE", "BASE64_ENCODE('Snowflake')", "U25vd2ZsYWtl", _F + "base64_encode"),
        value("HEX_ENCODE", "HEX_ENCODE('SNOW')", "534E4F57", _F + "hex_encode"),
        *(
            fails(
                f"{text} is no hexadecimal text",
                f"SELECT '{text}'::BINARY",
                Error(part="not a legal hex-encoded value"),
                _F + "to_binary",
            )
            for text in ("ABC", "ZZ")
        ),
        value("TRY_TO_BINARY of half a byte", "TRY_TO_BINARY('ABC')", None, _F + "try_to_binary"),
        value("TO_BINARY is hexadecimal", "TO_BINARY('534E')", b"SN", _F + "to_binary"),
        value("a cast to BINARY is hexadecimal", "'534E'::BINARY", b"SN", _F + "to_binary"),
        value("TO_BINARY of UTF-8", "TO_BINARY('SN', 'UTF-8')", b"SN", _F + "to_binary"),
        value(
            "a BINARY as text is hexadecimal",
            "TO_BINARY('AB', 'HEX')::VARCHAR",
            "AB",
            _F + "to_char",
        ),
        value("COALESCE", "COALESCE(NULL, NULL, 'a')", "a", _F + "coalesce"),
        value("NVL2", "NVL2(NULL, 'a', 'b')", "b", _F + "nvl2"),
        value("DECODE matches NULL", "DECODE(NULL, 1, 'a', NULL, 'b')", "b", _F + "decode"),
        value("EQUAL_NULL", "EQUAL_NULL(NULL, NULL)", True, _F + "equal_null"),
        value("IS DISTINCT FROM", "NULL IS DISTINCT FROM NULL", False, _F + "is-distinct-from"),
        value("BOOLEAN as text", "TRUE::VARCHAR", "true", _F + "to_char"),
        value("a text as BOOLEAN", "'yes'::BOOLEAN", True, _F + "to_boolean"),
        Case(
            "LPAD and RPAD to a column's length",
            "SELECT LPAD('a', n, 'x'), RPAD('a', n + 1), LPAD(n, n, '0') FROM (SELECT 3::INT AS n)",
            _F + "lpad",
            rows=[("xxa", "a   ", "003")],
        ),
        fails(
            "a BINARY is not joined with a text",
            "SELECT TO_BINARY('00FF') || 'z'",
            Error(),
            _F + "concat",
        ),
        value(
            "BINARYs are joined", "TO_BINARY('00') || TO_BINARY('FF')", b"\x00\xff", _F + "concat"
        ),
        value(
            "SOUNDEX",
            "SOUNDEX('Robert')",
            "R163",
            _F + "soundex",
        ),
        Case(
            "SUBSTR from before the first character is empty",
            "SELECT SUBSTR(s, -6, 2), SUBSTR(s, n, 2), SUBSTR(s, -5, 2) "
            "FROM (SELECT 'abcde' AS s, -9 AS n)",
            _F + "substr",
            rows=[("", "", "ab")],
        ),
        fails(
            "TRANSLATE to more characters than from",
            "SELECT TRANSLATE('abc', 'a', 'xy')",
            Error(part="is too long and would be truncated"),
            _F + "translate",
        ),
        value(
            "STRTOK_TO_ARRAY of a JSON null",
            "STRTOK_TO_ARRAY(PARSE_JSON('null'), '.')",
            None,
            _F + "strtok_to_array",
        ),
        fails(
            "a comparison is no text",
            "SELECT 'is ' || (1 = 1)",
            Error(1044, "42P13", "'||'"),
            "sql-reference/data-types-logical",
        ),
        value("a cast to as many characters", "'☃☃'::VARCHAR(2)", "☃☃", _F + "cast"),
        Case(
            "lengths in bits and bytes of what becomes a text",
            "SELECT BIT_LENGTH(n), OCTET_LENGTH(n), BIT_LENGTH(d), OCTET_LENGTH(n / 2) "
            "FROM (SELECT 120 AS n, '2024-02-29'::DATE AS d)",
            _F + "bit_length",
            rows=[(24, 3, 80, 9)],
        ),
        Case(
            "BASE64_ENCODE in lines and with other letters",
            "SELECT BASE64_ENCODE('warehouse', 8), BASE64_ENCODE(TO_BINARY('FBFF'), 0, '-_'), "
            "BASE64_ENCODE('é', 0, '+/%'), BASE64_DECODE_STRING('w6k%', '+/%')",
            _F + "base64_encode",
            rows=[("d2FyZWhv\ndXNl", "-_8=", "w6k%", "é")],
        ),
        fails(
            "BASE64_DECODE_STRING of what is none",
            "SELECT BASE64_DECODE_STRING('?')",
            Error(part="base64"),
            _F + "base64_decode_string",
        ),
        Case(
            "the empty text is at the beginning",
            "SELECT CHARINDEX('', 'abc', 3), CHARINDEX('', 'abc'), CHARINDEX('', NULL, 2), "
            "CHARINDEX('c', 'abc', 3)",
            _F + "charindex",
            rows=[(1, 1, None, 3)],
        ),
        fails(
            "BITAND of BINARYs of two lengths",
            "SELECT BITAND(TO_BINARY('01'), TO_BINARY('0102'))",
            Error(100544, "22026", "lengths of two variable-sized fields do not match"),
            _F + "bitand",
        ),
        fails(
            "CHR of no character",
            "SELECT CHR(-7)",
            Error(part="Invalid character code -7 in the CHR input"),
            _F + "chr",
        ),
        value(
            "EDITDISTANCE of at most a negative number",
            "EDITDISTANCE('kitten', 'sitting', -2)",
            0,
            _F + "editdistance",
        ),
        fails(
            "EDITDISTANCE of one text", "SELECT EDITDISTANCE('a')", Error(938), _F + "editdistance"
        ),
        value(
            "HEX_ENCODE of a number is that of its text",
            "HEX_ENCODE(12)",
            "3132",
            _F + "hex_encode",
        ),
        *(
            fails(
                f"INSERT at {place}, of {count}",
                f"SELECT INSERT('abc', {place}, {count}, 'Z')",
                Error(part="Invalid"),
                _F + "insert",
            )
            for place, count in ((0, 1), (5, 0), (2, 3), (2, -1))
        ),
        value("UPPER of a sharp s", "UPPER('Straße') || UPPER('ö')", "STRASSEÖ", _F + "upper"),
    ),
)
