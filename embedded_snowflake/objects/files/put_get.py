"""PUT and GET: how files come to a stage and leave it.

What it holds: the answers that tell the client where to write or read. The transfer itself is the
server's signed addresses (`presigning`). GET of ``snow://`` addresses is `snow_files`'s.

The connector speaks plain HTTP to a signed address only where the stage says it is on GCS. It then
asks once more for each file, sending the PUT with ``file://<name on the stage>``. With a bound
target it asks without the binding, so those are answered with a directory (LOCAL_FS), which works
where warehouse and client share a machine, and refused elsewhere. In neither way does it look
whether a file is there, so OVERWRITE = FALSE is kept here: the upload of an existing file goes to a
place that nothing reads. The file stays, as on Snowflake; the client reports UPLOADED where it says
SKIPPED. That would be untrue of a file with other content, which is refused.

Sources: snowflake-connector-python 4.8, ``gcs_storage_client.py`` and ``local_storage_client.py``;
https://docs.snowflake.com/en/sql-reference/sql/put, ../get.
"""

from __future__ import annotations

import contextlib
import glob
import gzip
import hashlib
import re
import zlib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from embedded_snowflake import errors
from embedded_snowflake.objects.files.file_formats import Value, number_of, read_options, truth
from embedded_snowflake.objects.files.stages import (
    FOLDER,
    SKIPPED,
    Location,
    location,
    read_argument,
)
from embedded_snowflake.objects.ml.snow_files import download
from embedded_snowflake.sessions.routing import NotMine, handles
from embedded_snowflake.sql.reading import Reader
from embedded_snowflake.sql.results import Result
from embedded_snowflake.storage.presigning import sign

if TYPE_CHECKING:
    from embedded_snowflake.sessions.session import Session

_SECONDS = 3600
_COMPRESSED = (".gz", ".bz2", ".zst", ".br", ".parquet", ".orc", ".deflate", ".raw_deflate")
_PUT_OPTIONS = {"PARALLEL", "AUTO_COMPRESS", "SOURCE_COMPRESSION", "OVERWRITE"}
_BLANKS = re.compile(r"(\s+[^\s@'][^@']*?)(\s+'?@.*)", re.DOTALL)
_GET_OPTIONS = {"PARALLEL", "PATTERN"}


def _options(text: str, known: set[str]) -> dict[str, Value]:
    options = read_options(text)
    for name in options:
        if name not in known:
            raise errors.uncompiled(f"invalid property '{name}'.")
    return options


@handles("PUT")
def put(session: Session, reader: Reader) -> Result:
    """PUT file://<path> @stage/path [AUTO_COMPRESS = ..] [OVERWRITE = ..] [PARALLEL = ..]."""
    # ``//`` of an unquoted file:// address is a comment to the tokenizer: read the text itself.
    local, rest = read_argument(reader.text[len("PUT") :])
    if (more := _BLANKS.fullmatch(rest)) is not None:
        # The client asks without quotes for each file of a pattern, also for a name with blanks.
        local, rest = local + more[1], more[2]
    target, rest = read_argument(rest)
    options = _options(rest, _PUT_OPTIONS)
    if not local.startswith("file://"):
        raise errors.refused(f"PUT reads local files: write file://<path>, not '{local}'.")
    if not target.startswith("@"):
        raise errors.refused(f"PUT writes to a stage: write @<stage>, not '{target}'.")
    where = location(session, target, create=True)
    source = local.removeprefix("file://")
    compress = truth("AUTO_COMPRESS", options.get("AUTO_COMPRESS", "TRUE"))
    overwrite = truth("OVERWRITE", options.get("OVERWRITE", "FALSE"))
    answer: dict[str, Any] = {
        "command": "UPLOAD",
        "src_locations": [source],
        "parallel": number_of("PARALLEL", options.get("PARALLEL", "4")),
        "autoCompress": compress,
        "sourceCompression": str(options.get("SOURCE_COMPRESSION", "auto_detect")).lower(),
        "overwrite": overwrite,
        "encryptionMaterial": None,
    }
    if not overwrite and not session.away:
        _refuse_other_content(where, source, compress=compress)
    if session.bound:
        if session.away:
            raise errors.unsupported("PUT with bound values from another machine: write them out")
        there = where.target() / _staged_name(source, compress=compress)
        stays = not overwrite and there.is_file()
        directory = session.root / FOLDER / SKIPPED if stays else where.target()
        directory.mkdir(parents=True, exist_ok=True)
        answer["stageInfo"] = {
            "locationType": "LOCAL_FS",
            "location": str(directory.resolve()),
            "creds": {},
        }
        return Result([], [], raw=answer)
    name = PurePosixPath(source).name
    path = where.target() / name
    if path.is_file() and not overwrite:
        path = session.root / FOLDER / SKIPPED / name
    above = [one for one in path.parents if one.is_relative_to(where.directory)]
    if path.is_dir() or any(one.is_file() for one in above):
        raise errors.unsupported(f"a file and a folder of one name on a stage, as in {target}")
    answer["stageInfo"] = {
        "locationType": "GCS",
        "location": "stage/",
        "creds": {},
        "presignedUrl": sign(session, path, _SECONDS, "PUT"),
    }
    return Result([], [], raw=answer)


def _refuse_other_content(where: Location, source: str, *, compress: bool) -> None:
    """Refuse to keep another content than the file's under its name, and call it uploaded.

    The client's second question, which names no folder, is about the same files.
    """
    for local in glob.glob(source) if source.startswith("/") else ():  # noqa: PTH207  (a whole path)
        staged = where.target() / _staged_name(local, compress=compress)
        if staged.is_file() and _content(staged) != _content(Path(local)):
            raise errors.unsupported(
                f"PUT of {staged.name}, which is on the stage with other content, without "
                "OVERWRITE: it would be skipped; REMOVE it first, or say OVERWRITE = TRUE"
            )


def _staged_name(source: str, *, compress: bool) -> str:
    """The name that the client will give a file on the stage."""
    name = PurePosixPath(source).name
    return f"{name}.gz" if compress and not name.endswith(_COMPRESSED) else name


def _content(path: Path) -> bytes:
    """A digest of a file's content, unpacked."""
    digest = hashlib.sha256()
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            while part := file.read(1 << 20):
                digest.update(part)
    except (OSError, EOFError, zlib.error):
        # What cannot be unpacked is compared as it is; what cannot be read, the client will say.
        with contextlib.suppress(OSError):
            digest = hashlib.sha256(path.read_bytes())
    return digest.digest()


@handles("GET")
def get(session: Session, reader: Reader) -> Result:
    """GET @stage/path file://<directory> [PATTERN = '..'] [PARALLEL = ..]."""
    reference, rest = read_argument(reader.text[len("GET") :])
    if not reference.startswith("@"):
        raise NotMine
    local, rest = read_argument(rest)
    if not local.startswith("file://"):
        raise errors.refused(f"GET writes to a directory: write file://<path>, not '{local}'.")
    options = _options(rest, _GET_OPTIONS)
    pattern = options.get("PATTERN")
    where = location(session, reference)
    files = [path for _, path in where.matching(None if pattern is None else str(pattern))]
    return download(session, files, local)
