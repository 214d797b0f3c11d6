"""How to mend what was found wrong: for every kind of finding, end and refusal, what to do and, where it helps, the code for it.

The sentences that say what happened come from the evaluator; these stand beside them. A test sees that none is missing.
"""

from __future__ import annotations

from typing import NamedTuple

from sonobench_eval.intake.records import Refusal
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.sandbox.failure import Category
from sonobench_platform.web.texts import _


class Mending(NamedTuple):
    """What to do, in a sentence or two. `code`: lines for a shell or for Python, empty where none help."""

    advice: str
    code: str = ""


_RESIZE = """from PIL import Image

with Image.open(path_of_image) as image:
    size = image.size                       # (width, height)
Image.fromarray(mask).resize(size, Image.Resampling.NEAREST).save(path_of_mask)"""
_GREY = """Image.fromarray((mask > 0).astype("uint8") * 255, mode="L").save(path_of_mask)"""
_AFFINE = """import nibabel

image = nibabel.load(path_of_image)
nibabel.save(nibabel.Nifti1Image(labels.astype("uint8"), image.affine), path_of_mask)"""
_SOFTMAX = """import numpy as np

exps = np.exp(logits - logits.max())
probabilities = (exps / exps.sum()).tolist()"""
_JSON = """import json

with open("/output/classification.json", "w", encoding="utf-8") as file:
    json.dump(answers, file, allow_nan=False)"""
_TEST = "sonobench test my-image:latest challenge.json --sample sample/"
_SAVE = "docker save my-image:latest -o my-image.tar"
_BUILD = "docker build --platform linux/amd64 -t my-image:latest ."


def of_finding(code: FindingCode) -> Mending:
    """What to do about results of this kind."""
    return _findings()[code]


def of_end(category: str) -> Mending | None:
    """What to do after an end or a refusal of this kind; None where there is nothing of the team's to mend."""
    return _ends().get(category)


def _findings() -> dict[FindingCode, Mending]:
    resize = _("Resize each mask to the width and height of its own image right before you save it, without interpolation.")
    probabilities = _("Turn the model's output into probabilities before you write it: softmax over the classes.")
    one_each = _("Write exactly one entry for each case, under the case's own name from the case list.")
    columns = _(
        "Write the file with a CSV library: UTF-8, the declared delimiter, one line of column names, one line for each case."
    )
    boxes = _("Check the format that the challenge declares for boxes (corners, or corner with width and height) and their unit.")
    return {
        FindingCode.MISSING_RESULT: Mending(
            _("Loop over the case list and write a result for every case, an empty one where the model finds nothing."),
            _TEST,
        ),
        FindingCode.UNREADABLE_IMAGE: Mending(_("Save masks with an imaging library, as 8-bit grey, and close the file."), _GREY),
        FindingCode.WRONG_SIZE: Mending(resize, _RESIZE),
        FindingCode.WRONG_GEOMETRY: Mending(_("Give each mask the affine of the image it was made from."), _AFFINE),
        FindingCode.NOT_WHOLE_NUMBERS: Mending(
            _("Write labels, not probabilities: take the most probable class of each voxel first.")
        ),
        FindingCode.NOT_A_REGULAR_FILE: Mending(_("Write each result as a plain file into /output; copy instead of linking.")),
        FindingCode.FILE_TOO_LARGE: Mending(_("Save masks compressed and in the size of their image."), _GREY),
        FindingCode.INVALID_JSON: Mending(_("Write the file once, at the end, with a JSON library."), _JSON),
        FindingCode.DUPLICATE_KEY: Mending(one_each, _JSON),
        FindingCode.NON_FINITE_NUMBER: Mending(
            _("Look for NaN in the model's output: often a division by zero when an image is normalized, or half precision."),
            _JSON,
        ),
        FindingCode.WRONG_LENGTH: Mending(
            _("Give one probability for each class, in the order in which the challenge lists them.")
        ),
        FindingCode.NOT_A_PROBABILITY: Mending(probabilities, _SOFTMAX),
        FindingCode.CLASS_OUT_OF_RANGE: Mending(_("Count classes from 0, in the order in which the challenge lists them.")),
        FindingCode.MALFORMED_ENTRY: Mending(
            _("Compare one entry with the example on the challenge's page, field by field."), _TEST
        ),
        FindingCode.SUM_NOT_ONE: Mending(probabilities, _SOFTMAX),
        FindingCode.INVALID_CSV: Mending(columns),
        FindingCode.DUPLICATE_CASE: Mending(one_each),
        FindingCode.UNKNOWN_CLASS: Mending(_("Name one class for each case, spelled as the challenge spells it.")),
        FindingCode.VALUE_OUT_OF_RANGE: Mending(
            _("Limit values to the range that the challenge declares before you write them.")
        ),
        FindingCode.MALFORMED_BOX: Mending(boxes),
        FindingCode.OUTSIDE_IMAGE: Mending(_("Scale boxes and points back to the size of the original image. ") + boxes),
        FindingCode.NOT_NORMALISED: Mending(probabilities, _SOFTMAX),
        FindingCode.PREDICTION_NOT_ARGMAX: Mending(
            _("Nothing, if you chose a threshold of your own. Else write the most probable class as the prediction.")
        ),
        FindingCode.UNEXPECTED_VALUES: Mending(
            _("Write 0 for the background and 255, or the task's label, for the structure, and nothing in between."), _GREY
        ),
        FindingCode.COLOUR_IMAGE: Mending(_("Save masks with one channel, without transparency."), _GREY),
        FindingCode.UNEXPECTED_FILE: Mending(
            _("Nothing has to be done. Write files of your own to /tmp, so that /output stays small.")
        ),
        FindingCode.UNKNOWN_CASE: Mending(_("Take the names from the case list as they are; do not build them yourself.")),
        FindingCode.TOO_MANY_BOXES: Mending(_("Keep the most confident boxes only, for example by non-maximum suppression.")),
        FindingCode.VALUE_CLIPPED: Mending(_("Limit values to the range that the challenge declares before you write them.")),
    }


def _ends() -> dict[str, Mending]:
    return {**_ends_of_runs(), **_refusals()}


def _ends_of_runs() -> dict[str, Mending]:
    """By `Category`. Those that are not the team's to mend say what happens next."""
    return {
        Category.TIME_LIMIT: Mending(
            _("Measure on the public cases and multiply by the number of hidden ones. Load the model once; use batches."),
            _TEST,
        ),
        Category.MEMORY_LIMIT: Mending(
            _("Use smaller batches and fewer worker processes. `sonobench test` has the same limit."),
            _TEST,
        ),
        Category.OUTPUT_LIMIT: Mending(_("Write to /output only what the challenge asks for; everything else belongs in /tmp.")),
        Category.CRASHED: Mending(
            _("Run it here as the platform does: without network, not as root, with a read-only file system."), _TEST
        ),
        Category.CANNOT_START: Mending(
            _("Start it once as another user. The usual reasons are a missing execute bit and a wrong path in ENTRYPOINT."),
            "docker run --rm --network none --user 10001:10001 --read-only my-image:latest",
        ),
        Category.NO_OUTPUT: Mending(_("See that the program writes to /output, and that it does so for every case."), _TEST),
        Category.BAD_OUTPUT: Mending(
            _("`sonobench test` reads results as the platform does, and says what is wrong with each."), _TEST
        ),
        Category.CANCELLED: Mending(_("Hand it in again when you want it run.")),
        Category.PLATFORM_TROUBLE: Mending(
            _("There is nothing for you to mend, and it costs you nothing. The organizers look at it.")
        ),
        Category.UNDETERMINED: Mending(
            _("An organizer looks at it and either has it run again or says what was wrong. You need not do anything.")
        ),
    }


def _refusals() -> dict[str, Mending]:
    """By intake's `Refusal`, and the platform's own."""
    save = _("Save the image anew with `docker save`, and send that file as it is.")
    build = _("Build the image again, for linux/amd64, and save it with `docker save`.")
    smaller = _("Make the image smaller: a slim base, `--no-cache-dir`, a `.dockerignore`, and only the weights that are used.")
    upload = _("The file changed on its way. Send it again; `sonobench submit` compares it with a digest.")
    damaged = {Refusal.EMPTY, Refusal.TRUNCATED, Refusal.DAMAGED, Refusal.LAYER_DIGEST, Refusal.CONFIG_DIGEST, Refusal.BAD_LAYER}
    saved = {
        *(Refusal.NOT_A_FILE, Refusal.NOT_AN_IMAGE_TAR, Refusal.NO_MANIFEST, Refusal.BAD_MANIFEST, Refusal.UNSAFE_NAME),
        *(Refusal.DUPLICATE_MEMBER, Refusal.TOO_MANY_MEMBERS, Refusal.NO_IMAGE, Refusal.MISSING_MEMBER, Refusal.LINKED_MEMBER),
        *(Refusal.MEDIA_TYPE, Refusal.CONFIG_TOO_LARGE, Refusal.BAD_CONFIG, Refusal.LAYER_COUNT),
    }
    large = {Refusal.TOO_LARGE, Refusal.COMPRESSED_TOO_FAR, Refusal.TOO_MANY_FILES}
    own = {
        Refusal.UNSUPPORTED_COMPRESSION: Mending(_("Send the tar itself, or compress it with gzip or zstd."), _SAVE),
        Refusal.EXPORTED_FILE_SYSTEM: Mending(
            _("`docker export` writes a file system. Use `docker save`, which writes an image."), _SAVE
        ),
        Refusal.SEVERAL_IMAGES: Mending(_("Save one image, by one name."), _SAVE),
        Refusal.PLATFORM: Mending(build, f"{_BUILD}\n{_SAVE}"),
        Refusal.NO_COMMAND: Mending(
            _("Add an ENTRYPOINT or CMD to the Dockerfile that runs on all cases."), 'ENTRYPOINT ["python", "/app/run.py"]'
        ),
        Refusal.RESERVED_LABEL: Mending(_("Remove labels that begin with `org.sonobench.` from the Dockerfile."), _BUILD),
        Refusal.UNSAFE_PATH: Mending(
            _("Remove volumes and working folders from the Dockerfile that lie on paths of the platform.")
        ),
        Refusal.UNSAFE_ENVIRONMENT: Mending(_("Remove the environment variable that the sentence names from the Dockerfile.")),
        Refusal.TOO_MANY_LAYERS: Mending(_("Join RUN lines of the Dockerfile with `&&`, or copy the result into a fresh stage.")),
        Refusal.NOT_IN_REGISTRY: Mending(
            _("Push the image to this platform's registry first, and name it by what the push printed.")
        ),
        Refusal.FOREIGN_LAYER: Mending(_("Build on a base whose layers are all in the image itself, and save it anew."), _SAVE),
        "image-of-another-team": Mending(_("Build an image of your own; if this one is yours, write to the organizers.")),
    }
    shared = {
        **dict.fromkeys(damaged, Mending(upload, _SAVE)),
        **dict.fromkeys(saved, Mending(save, _SAVE)),
        **dict.fromkeys(large, Mending(smaller)),
    }
    return {str(code): mending for code, mending in (*shared.items(), *own.items())}
