"""Which images are one picture: equal files, equal pixels, altered copies, and nothing else."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence

import numpy as np
import pytest
from drawn_pictures import altered, cropped, encoded, photograph, with_orientation
from PIL import Image, ImageEnhance, ImageOps

from emoclass.auditing.candidates import MIRROR, candidates, describe
from emoclass.auditing.comparison import compare, sift
from emoclass.auditing.duplicates import Pair, clusters, find_pairs
from emoclass.auditing.fingerprint import fingerprint
from emoclass.data.images import read_image
from emoclass.data.synthetic_faces.dataset import load, read_sample
from emoclass.errors import UnreadableImageError
from emoclass.values.labels import LabelScheme

ORIGINAL = photograph(100)
ALTERED = altered(ORIGINAL)
OTHERS = [encoded(photograph(seed)) for seed in range(20)]
PNG = encoded(ORIGINAL)


def find(files: Sequence[bytes], *, names: Sequence[str] = (), threads: int = 2) -> list[Pair]:
    names = names or [f"{number:03d}.png" for number in range(len(files))]
    prints = [fingerprint(data, path=name) for data, name in zip(files, names, strict=True)]
    return find_pairs(prints, files.__getitem__, threads=threads)


def thumbs(*pictures: Image.Image) -> np.ndarray:
    return np.stack([fingerprint(encoded(picture), path=str(i)).thumb for i, picture in enumerate(pictures)])


def pixels(*pictures: Image.Image) -> np.ndarray:
    return np.stack([read_image(encoded(picture), (64, 64, 3)) for picture in pictures])


# Equal files and equal pixels


def test_equal_files_are_one_picture() -> None:
    assert find([PNG, *OTHERS, PNG]) == [Pair(0, 21, "bytes", 1.0, None)]


def test_equal_pixels_in_another_file_are_one_picture() -> None:
    again = encoded(ORIGINAL, compress_level=1)
    assert again != PNG
    assert find([*OTHERS, PNG, again]) == [Pair(20, 21, "pixels", 1.0, None)]


@pytest.mark.parametrize("size", [(96, 96), (500, 400)])
def test_a_jpeg_file_with_other_metadata_has_equal_pixels(size: tuple[int, int]) -> None:
    picture = photograph(100, size)
    files = [encoded(picture, "JPEG"), encoded(picture, "JPEG", exif=with_orientation(1), comment=b"hello")]
    assert find([*files, *OTHERS]) == [Pair(0, 1, "pixels", 1.0, None)]


def test_a_jpeg_file_that_decodes_scaled_down_and_its_png_file_have_equal_pixels() -> None:
    file = encoded(photograph(100, (500, 400)), "JPEG", quality=85)
    again = encoded(Image.open(io.BytesIO(file)))
    assert find([file, again, *OTHERS]) == [Pair(0, 1, "pixels", 1.0, None)]


def test_a_picture_turned_upright_by_its_exif_data_has_equal_pixels() -> None:
    lying = encoded(ORIGINAL.transpose(Image.Transpose.ROTATE_90), exif=with_orientation(6))
    assert find([PNG, lying, *OTHERS]) == [Pair(0, 1, "pixels", 1.0, None)]


def test_flat_images_can_be_equal() -> None:
    gray, again = (encoded(Image.new("RGB", (40, 40), "gray"), compress_level=level) for level in (1, 0))
    found = find([gray, again, gray, encoded(Image.new("RGB", (40, 41), "gray"))])
    assert found == [Pair(0, 1, "pixels", 1.0, None), Pair(0, 2, "bytes", 1.0, None)]


def test_pictures_that_differ_in_one_pixel_are_not_equal_but_near() -> None:
    changed = ORIGINAL.copy()
    changed.putpixel((40, 40), tuple(255 - value for value in changed.getpixel((40, 40))))
    (pair,) = find([PNG, encoded(changed), *OTHERS])
    assert (pair.first, pair.second, pair.kind) == (0, 1, "near")


# Altered copies


@pytest.mark.parametrize("alteration", ALTERED)
def test_an_altered_copy_is_found_and_what_was_altered_is_named(alteration: str) -> None:
    copy, said = ALTERED[alteration]
    (pair,) = find([*OTHERS[:10], PNG, *OTHERS[10:], copy])
    assert (pair.first, pair.second, pair.kind, pair.change) == (10, 21, "near", said)
    assert 0.75 <= pair.similarity <= 1


def test_a_better_copy_is_more_similar() -> None:
    (good,), (poor,) = (find([PNG, encoded(ORIGINAL, "JPEG", quality=quality)]) for quality in (95, 30))
    assert good.similarity > poor.similarity


def test_altered_copies_are_found_among_themselves_without_the_original() -> None:
    (pair,) = find([encoded(ImageOps.mirror(ORIGINAL)), encoded(cropped(ORIGINAL, 0.04)), *OTHERS])
    assert (pair.kind, pair.change) == ("near", "mirrored, cropped")


def test_a_symmetric_picture_and_its_copy_are_one_pair() -> None:
    left = ORIGINAL.crop((0, 0, 48, 96))
    picture = Image.new("RGB", (96, 96))
    picture.paste(left, (0, 0))
    picture.paste(ImageOps.mirror(left), (48, 0))
    assert len(find([encoded(picture), encoded(picture, "JPEG"), *OTHERS])) == 1


def test_other_pictures_are_not_found() -> None:
    assert find([PNG, *OTHERS]) == []


@pytest.mark.parametrize(
    "picture",
    [
        ORIGINAL.rotate(90),
        ImageOps.invert(ORIGINAL),
        cropped(ORIGINAL, 0.3),
        Image.blend(ORIGINAL, photograph(101), 0.6),
    ],
    ids=["turned", "inverted", "cropped by a third", "half another"],
)
def test_what_is_no_light_alteration_is_not_found(picture: Image.Image) -> None:
    assert find([PNG, encoded(picture), *OTHERS]) == []


def test_a_picture_with_one_part_replaced_is_another() -> None:
    picture = ORIGINAL.copy()
    picture.paste(photograph(101).crop((30, 30, 60, 60)), (30, 30))
    assert find([PNG, encoded(picture), *OTHERS]) == []


def test_a_picture_that_differs_in_fine_detail_only_is_another() -> None:
    picture = photograph(100, (64, 64))
    woven = np.asarray(picture).astype(int)
    down, across = np.mgrid[20:50, 20:50]
    woven[20:50, 20:50] += np.where((down + across) % 2, 60, -60)[..., None]
    files = [encoded(picture), encoded(Image.fromarray(woven.clip(0, 255).astype(np.uint8)))]
    both = np.stack([fingerprint(data, path="").thumb for data in files])
    assert len(sift(both, np.array([[0, 1, 0]], np.intp)).pairs) == 1  # thumbnails do not tell
    assert find([*files, *OTHERS]) == []


def test_flat_pictures_are_never_near() -> None:
    assert find([encoded(Image.new("RGB", (64, 64), (value,) * 3)) for value in range(0, 250, 10)]) == []


def test_nearly_flat_pictures_are_never_near() -> None:
    faint = ORIGINAL.point([124 + value // 50 for value in range(256)] * 3)
    noise = [np.random.default_rng(seed).integers(126, 129, (64, 64, 3), np.uint8) for seed in range(20)]
    files = [encoded(faint), encoded(faint.resize((48, 48))), *(encoded(Image.fromarray(each)) for each in noise)]
    assert find(files) == []


def test_noise_has_no_duplicates() -> None:
    noise = [np.random.default_rng(seed).integers(0, 256, (64, 64, 3), np.uint8) for seed in range(60)]
    assert find([encoded(Image.fromarray(each)) for each in noise]) == []


def test_the_built_in_faces_have_no_duplicates() -> None:
    samples = load(labels=LabelScheme(emotions=("happy", "sad")), n_samples=64)
    assert find([read_sample(None, sample) for sample in samples]) == []


# Many copies, order, threads


def test_a_picture_repeated_fifty_times_is_compared_once_with_its_altered_copy() -> None:
    files = [*[PNG] * 50, encoded(ImageOps.mirror(ORIGINAL)), *OTHERS]
    pairs = find(files)
    assert [(pair.first, pair.second) for pair in pairs if pair.kind == "bytes"] == [(0, i) for i in range(1, 50)]
    assert [(pair.first, pair.second, pair.change) for pair in pairs if pair.kind == "near"] == [(0, 50, "mirrored")]
    assert clusters(pairs) == [tuple(range(51))]


def mixed() -> dict[str, bytes]:
    """Copies of all kinds, and three of one file."""
    files = {f"other{number}": data for number, data in enumerate(OTHERS)}
    files |= {f"{name}.1": data for name, (data, _) in ALTERED.items()}
    files |= {f"same{number}": PNG for number in range(3)}
    second = photograph(101)
    return files | {"second": encoded(second), "second dark": encoded(ImageEnhance.Brightness(second).enhance(0.6))}


def named(files: dict[str, bytes], names: Sequence[str], threads: int = 2) -> set[object]:
    pairs = find([files[name] for name in names], names=names, threads=threads)
    return {(frozenset((names[p.first], names[p.second])), p.kind, p.similarity, p.change) for p in pairs}


def test_the_order_of_the_images_and_the_number_of_threads_do_not_matter() -> None:
    files = mixed()
    expected = named(files, list(files))
    assert {"bytes", "near"} == {each[1] for each in expected}
    for seed in range(2):
        shuffled = random.Random(seed).sample(list(files), len(files))
        assert named(files, shuffled, threads=1 + 3 * seed) == expected


def test_pairs_are_sorted_and_copies_of_one_picture_form_one_cluster() -> None:
    files = mixed()
    names = list(files)
    pairs = find(list(files.values()))
    both = [(pair.first, pair.second) for pair in pairs]
    assert both == sorted(set(both))
    assert all(first < second for first, second in both)
    found = [{names[i] for i in group} for group in clusters(pairs)]
    first = {f"{name}.1" for name in ALTERED} | {"same0", "same1", "same2"}
    assert sorted(found, key=len) == [{"second", "second dark"}, first]


@pytest.mark.parametrize("n", [0, 1])
def test_none_or_one_image_has_no_duplicates(n: int) -> None:
    assert find(OTHERS[:n]) == []


def test_two_images_are_compared() -> None:
    assert find(OTHERS[:2]) == []
    assert find([OTHERS[0]] * 2) == [Pair(0, 1, "bytes", 1.0, None)]
    (pair,) = find([PNG, ALTERED["cropped"][0]])
    assert pair.kind == "near"


@pytest.mark.parametrize("second", [encoded(ORIGINAL, compress_level=1), ALTERED["JPEG"][0]], ids=["pixels", "near"])
@pytest.mark.parametrize("threads", [1, 3])
def test_a_file_that_went_missing_meanwhile_is_told(second: bytes, threads: int) -> None:
    prints = [fingerprint(data, path=f"{number}.png") for number, data in enumerate([PNG, second, *OTHERS])]

    def read(row: int) -> bytes:
        raise UnreadableImageError(prints[row].path, "cannot be opened (No such file or directory)")

    with pytest.raises(UnreadableImageError, match="No such file"):
        find_pairs(prints, read, threads=threads)


def test_a_file_that_is_no_picture_any_more_is_told() -> None:
    prints = [fingerprint(data, path=f"{number}.png") for number, data in enumerate([PNG, ALTERED["JPEG"][0]])]
    with pytest.raises(UnreadableImageError, match="not an image"):
        find_pairs(prints, lambda row: b"overwritten", threads=2)


# Clusters


def connected(*edges: tuple[int, int]) -> list[tuple[int, ...]]:
    return clusters([Pair(first, second, "near", 0.9, None) for first, second in edges])


def test_clusters_are_what_pairs_connect() -> None:
    assert connected() == []
    assert connected((3, 7)) == [(3, 7)]
    assert connected((5, 9), (1, 2), (2, 5)) == [(1, 2, 5, 9)]
    assert connected((8, 9), (1, 5), (2, 4), (5, 6)) == [(1, 5, 6), (2, 4), (8, 9)]
    assert connected((0, 10**12)) == [(0, 10**12)]


def test_a_long_chain_is_one_cluster_in_any_order() -> None:
    edges = [(i, i + 1) for i in range(3000)]
    random.Random(0).shuffle(edges)
    assert connected(*edges) == [tuple(range(3001))]


# Candidates and comparison


def test_fewer_than_two_thumbs_have_no_candidates() -> None:
    for n in (0, 1):
        assert candidates(np.zeros((n, 32, 32), np.uint8), threads=1).shape == (0, 3)


def test_candidates_are_sorted_pairs_of_different_images() -> None:
    found = candidates(thumbs(*(photograph(seed) for seed in range(30))), threads=2)
    assert found.tolist() == sorted(map(list, {tuple(row) for row in found.tolist()}))
    assert (found[:, 0] < found[:, 1]).all()
    assert set(found[:, 2].tolist()) == {0, 1}


def test_a_mirrored_copy_is_a_mirrored_candidate() -> None:
    pictures = [photograph(seed) for seed in range(40)]
    found = candidates(thumbs(*pictures, ImageOps.mirror(pictures[3])), threads=2).tolist()
    assert [3, 40, 1] in found


def test_a_description_has_length_one_and_leaves_brightness_and_contrast_aside() -> None:
    thumb = thumbs(ORIGINAL).astype(np.float64)
    both = describe(np.concatenate([thumb, thumb * 0.5 + 40]).astype(np.uint8))
    np.testing.assert_allclose(np.linalg.norm(both, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(both[0], both[1], atol=0.01)


def test_the_description_of_a_mirrored_picture_is_known_without_mirroring() -> None:
    thumb = thumbs(ORIGINAL)
    for crop in (0.0, 0.06):
        np.testing.assert_allclose(
            describe(thumb[:, :, ::-1], crop=crop), describe(thumb, crop=crop) * MIRROR, atol=1e-4
        )


def test_thumbs_that_fit_stay_and_others_go() -> None:
    shown = thumbs(ORIGINAL, cropped(ORIGINAL, 0.05), ImageOps.mirror(ORIGINAL), photograph(0))
    pairs = np.array([[0, 1, 0], [0, 1, 1], [0, 2, 0], [0, 2, 1], [0, 3, 0], [1, 3, 1]], np.intp)
    assert sift(shown, pairs).pairs.tolist() == [[0, 1, 0], [0, 2, 1]]


def test_where_nothing_fits_nothing_stays() -> None:
    left = sift(thumbs(ORIGINAL, photograph(0)), np.array([[0, 1, 0], [0, 1, 1]], np.intp))
    assert (left.pairs.shape, left.warp.shape) == ((0, 3), (0, 4))


def test_a_comparison_says_how_alike_and_what_was_done() -> None:
    copies = [ORIGINAL, cropped(ORIGINAL, 0.05), ImageOps.mirror(ORIGINAL), ORIGINAL.convert("L")]
    pairs = np.array([[0, 0, 0], [0, 1, 0], [0, 2, 1], [0, 3, 0]], np.intp)
    suspects = sift(thumbs(*copies), pairs)
    shown = pixels(*copies)
    similarity, changes = compare(shown[suspects.pairs[:, 0]], shown[suspects.pairs[:, 1]], suspects)
    assert changes == ["recompressed or rescaled", "cropped", "mirrored", "recolored"]
    assert similarity[0] == pytest.approx(1)
    assert (similarity > 0.75).all() and (similarity <= 1).all()
