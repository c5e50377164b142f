"""Verification of a model bundle, from untrusted directory to bytes that may be loaded.

Holds ``verify_bundle``. The order of the checks is part of the defence:

1. ``directory``, ``files``, ``size``: plain names, regular files, no links, capped sizes;
2. ``signature``: Ed25519 over the manifest's bytes, by a trusted key, before any parser;
3. ``manifest``: canonical JSON of format 1, consistent in itself;
4. ``files``, ``digest``: exactly the files listed, each with its size and SHA-256;
5. ``schema``: version and feature names are those of the running service;
6. ``model text``: the strict reader of LightGBM's format;
7. ``quarantine``, ``golden``: a throwaway process loads the models and their answers to
   the golden vectors match bit by bit.

Everything is read once into memory and only those bytes are used afterwards.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from risk_service.domain.errors import BundleRefused
from risk_service.domain.refusals import refusal
from risk_service.models import golden as golden_file
from risk_service.models import model_text
from risk_service.models.canonical import read_canonical
from risk_service.models.golden import check_answers, first_line, read_golden
from risk_service.models.manifest import MANIFEST_FILE, SIGNATURE_FILE, Manifest
from risk_service.models.model_text import ModelText, ModelTextFault, read_model_text
from risk_service.models.quarantine import Quarantine, Suspect
from risk_service.models.sealed_files import file_names, opened, read_file
from risk_service.models.signature import TrustedKeys, check_signature

MAX_MANIFEST_BYTES = 2 * 1024 * 1024
MAX_SIGNATURE_BYTES = 512


class ServedSchema(Protocol):
    """What verification needs to know of the service's feature schema."""

    @property
    def version(self) -> str:
        """Version of the schema."""

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names in vector order."""

    @property
    def order_only(self) -> tuple[str, ...]:
        """Names of the features that need no history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedBundle:
    """A bundle that passed every check.

    ``sha256`` is that of the manifest, which names every other file's: it is the version
    written into each decision. ``files`` holds the verified bytes, manifest and signature
    included; ``texts`` the models as the strict reader saw them.
    """

    sha256: str
    key_id: str
    manifest: Manifest
    files: Mapping[str, bytes]
    texts: Mapping[str, ModelText]


def verify_bundle(directory: Path, trusted: TrustedKeys, schema: ServedSchema) -> VerifiedBundle:
    """Return the bundle in ``directory`` once nothing speaks against it.

    Parameters
    ----------
    directory
        Where ``manifest.json`` lies.
    trusted
        Public keys by key id, see ``signature.load_trusted``.
    schema
        The feature schema that the service runs with.

    Raises
    ------
    BundleRefused
        Names the check that failed and the file.
    """
    with opened(directory) as opened_directory:
        names = file_names(opened_directory)
        manifest_bytes, signature = _read_signed(opened_directory, names)
        key_id = check_signature(manifest_bytes, signature, trusted)
        with Quarantine() as quarantine:
            manifest = _read_manifest(manifest_bytes)
            files = _read_listed(opened_directory, names, manifest)
            _check_schema(manifest, schema)
            texts = _read_texts(files, manifest)
            _check_golden(files, manifest, quarantine)
    return VerifiedBundle(
        sha256=hashlib.sha256(manifest_bytes).hexdigest(),
        key_id=key_id,
        manifest=manifest,
        files={**files, MANIFEST_FILE: manifest_bytes, SIGNATURE_FILE: signature},
        texts=texts,
    )


def _read_signed(directory: int, names: frozenset[str]) -> tuple[bytes, bytes]:
    if MANIFEST_FILE not in names:
        raise BundleRefused("files", MANIFEST_FILE, refusal("bundle_file_missing"))
    if SIGNATURE_FILE not in names:
        raise BundleRefused("signature", SIGNATURE_FILE, refusal("bundle_unsigned"))
    manifest = read_file(directory, MANIFEST_FILE, MAX_MANIFEST_BYTES)
    return manifest, read_file(directory, SIGNATURE_FILE, MAX_SIGNATURE_BYTES)


def _read_manifest(data: bytes) -> Manifest:
    try:
        read_canonical(data)
        return Manifest.model_validate_json(data)
    except (ValueError, ValidationError) as error:
        raise BundleRefused("manifest", MANIFEST_FILE, first_line(error)) from error


def _read_listed(directory: int, names: frozenset[str], manifest: Manifest) -> dict[str, bytes]:
    listed = set(manifest.files)
    for name in sorted(listed - names):
        raise BundleRefused("files", name, refusal("bundle_file_missing"))
    for name in sorted(names - listed - {MANIFEST_FILE, SIGNATURE_FILE}):
        raise BundleRefused("files", name, refusal("bundle_not_listed"))
    files: dict[str, bytes] = {}
    for name, entry in manifest.files.items():
        cap = golden_file.MAX_BYTES if name == manifest.golden.file else model_text.MAX_BYTES
        content = read_file(directory, name, min(cap, entry.bytes))
        if len(content) != entry.bytes:
            told = refusal("bundle_size", found=len(content), wanted=entry.bytes)
            raise BundleRefused("size", name, told)
        if hashlib.sha256(content).hexdigest() != entry.sha256:
            raise BundleRefused("digest", name, refusal("bundle_digest"))
        files[name] = content
    return files


def _check_schema(manifest: Manifest, schema: ServedSchema) -> None:
    if manifest.schema_version != schema.version:
        versions = {"found": manifest.schema_version, "wanted": schema.version}
        raise BundleRefused("schema", MANIFEST_FILE, refusal("bundle_schema", **versions))
    if manifest.features != tuple(schema.names):
        raise BundleRefused("schema", MANIFEST_FILE, refusal("bundle_features"))
    known = set(schema.order_only)
    for abuse, variant, model in manifest.each_model():
        if variant == "order_only" and not known.issuperset(model.features):
            raise BundleRefused(
                "schema", MANIFEST_FILE, f"{abuse} order_only takes a feature that needs history"
            )


def _read_texts(files: Mapping[str, bytes], manifest: Manifest) -> dict[str, ModelText]:
    texts: dict[str, ModelText] = {}
    for _, _, model in manifest.each_model():
        try:
            texts[model.file] = read_model_text(files[model.file], model.features)
        except ModelTextFault as error:
            raise BundleRefused("model text", model.file, str(error)) from error
    return texts


def _check_golden(files: Mapping[str, bytes], manifest: Manifest, quarantine: Quarantine) -> None:
    golden = read_golden(files[manifest.golden.file], manifest)
    place = {name: at for at, name in enumerate(manifest.features)}
    suspects = {
        model.file: Suspect(
            text=files[model.file], columns=tuple(place[name] for name in model.features)
        )
        for _, _, model in manifest.each_model()
    }
    check_answers(golden, manifest, quarantine.run(suspects, golden.matrix()))
