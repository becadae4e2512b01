"""The datasets whose images are files."""

from __future__ import annotations

from emoclass import DatasetSpec
from emoclass_datasets import affectnet, ck48, ckplus, expw, jaffe, kdef, muxspace, rafdb
from emoclass_datasets.release import CONFLICTING

_BASIC = ("happy", "sad", "angry", "scared", "surprised", "disgusted")

_CK_CITATION = (
    "P. Lucey, J. F. Cohn, T. Kanade, J. Saragih, Z. Ambadar and I. Matthews, The Extended Cohn-Kanade Dataset (CK+): "
    "A complete dataset for action unit and emotion-specified expression, CVPR Workshops 2010. "
    "T. Kanade, J. F. Cohn and Y. Tian, Comprehensive database for facial expression analysis, FG 2000."
)

FOLDERS: tuple[DatasetSpec, ...] = (
    DatasetSpec(
        name="ck48",
        summary="CK+48: 981 posed gray faces of 48x48 pixels, three frames from each of 327 sequences of CK+.",
        load="emoclass_datasets.ck48:load",
        make_tiny="emoclass_datasets.ck48:make_tiny",
        emotions=(*_BASIC, "contemptuous"),
        codes=ck48.CODES,
        expects="face_crop",
        license="Cut from CK+ by others; the terms of CK+ hold: research only, on signed request, not passed on.",
        citation=_CK_CITATION,
        url=ck48.RELEASE.url,
    ),
    DatasetSpec(
        name="ckplus",
        summary="CK+: the peak frames of 327 posed sequences of 118 persons, photographed in a laboratory.",
        load="emoclass_datasets.ckplus:load",
        make_tiny="emoclass_datasets.ckplus:make_tiny",
        emotions=(*_BASIC, "neutral", "contemptuous"),
        codes=ckplus.CODES,
        expects="photograph",
        license="Research only, on signed request, not passed on.",
        citation=_CK_CITATION,
        url=ckplus.RELEASE.url,
    ),
    DatasetSpec(
        name="rafdb",
        summary="RAF-DB, basic emotions: 15,339 aligned faces from the web with gender, race and age, official split.",
        load="emoclass_datasets.rafdb:load",
        make_tiny="emoclass_datasets.rafdb:make_tiny",
        emotions=(*_BASIC, "neutral"),
        not_emotions=tuple(rafdb.COMPOUND.values()),
        codes=rafdb.CODES,
        expects="face_crop",
        license="Non-commercial research only, on request, not passed on.",
        citation=(
            "S. Li, W. Deng and J. Du, Reliable Crowdsourcing and Deep Locality-Preserving Learning for Expression "
            "Recognition in the Wild, CVPR 2017. S. Li and W. Deng, Reliable Crowdsourcing and Deep "
            "Locality-Preserving Learning for Unconstrained Facial Expression Recognition, "
            "IEEE Transactions on Image Processing 28(1), 2019."
        ),
        url=rafdb.RELEASE.url,
    ),
    DatasetSpec(
        name="affectnet",
        summary="AffectNet, labeled by hand: faces from the web, eight emotions; the validation set is the test set.",
        load="emoclass_datasets.affectnet:load",
        read_sample="emoclass_datasets.crops:read_sample",
        make_tiny="emoclass_datasets.affectnet:make_tiny",
        emotions=(*_BASIC, "neutral", "contemptuous"),
        not_emotions=("none", "uncertain", "non-face", CONFLICTING),
        codes=affectnet.CODES,
        expects="face_crop",
        license="Research only, on signed request, not passed on.",
        citation=(
            "A. Mollahosseini, B. Hasani and M. H. Mahoor, AffectNet: A Database for Facial Expression, Valence, and "
            "Arousal Computing in the Wild, IEEE Transactions on Affective Computing 10(1), 2019."
        ),
        url=affectnet.RELEASE.url,
    ),
    DatasetSpec(
        name="jaffe",
        summary="JAFFE: 213 gray photographs of ten Japanese women posing seven expressions.",
        load="emoclass_datasets.jaffe:load",
        make_tiny="emoclass_datasets.jaffe:make_tiny",
        emotions=(*_BASIC, "neutral"),
        codes=jaffe.CODES,
        expects="photograph",
        license="Non-commercial scientific research only, with the source cited.",
        citation=(
            "M. J. Lyons, S. Akamatsu, M. Kamachi and J. Gyoba, Coding Facial Expressions with Gabor Wavelets, "
            "FG 1998, pp. 200-205."
        ),
        url=jaffe.RELEASE.url,
    ),
    DatasetSpec(
        name="kdef",
        summary="KDEF: 4,900 photographs of 70 persons posing seven expressions twice, from five angles.",
        load="emoclass_datasets.kdef:load",
        make_tiny="emoclass_datasets.kdef:make_tiny",
        emotions=(*_BASIC, "neutral"),
        not_emotions=("misnamed",),
        codes=kdef.CODES,
        expects="photograph",
        license="Non-commercial research only, not passed on without written consent.",
        citation=(
            "D. Lundqvist, A. Flykt and A. Öhman, The Karolinska Directed Emotional Faces - KDEF, CD ROM from "
            "Department of Clinical Neuroscience, Psychology section, Karolinska Institutet, 1998, ISBN 91-630-7164-9."
        ),
        url=kdef.RELEASE.url,
    ),
    DatasetSpec(
        name="expw",
        summary="ExpW: 91,793 faces boxed in photographs from the web, seven expressions; the boxes are cut out.",
        load="emoclass_datasets.expw:load",
        read_sample="emoclass_datasets.crops:read_sample",
        make_tiny="emoclass_datasets.expw:make_tiny",
        emotions=(*_BASIC, "neutral"),
        not_emotions=(CONFLICTING,),
        codes=expw.CODES,
        expects="face_crop",
        license="Non-commercial research only. The pictures come from a web search and belong to their owners.",
        citation=(
            "Z. Zhang, P. Luo, C. C. Loy and X. Tang, From Facial Expression Recognition to Interpersonal Relation "
            "Prediction, International Journal of Computer Vision 126, 2018."
        ),
        url=expw.RELEASE.url,
    ),
    DatasetSpec(
        name="muxspace",
        summary="muxspace/facial_expressions: 13,700 photographs that students labeled, most of them neutral or happy.",
        load="emoclass_datasets.muxspace:load",
        make_tiny="emoclass_datasets.muxspace:make_tiny",
        emotions=(*_BASIC, "neutral", "contemptuous"),
        not_emotions=(CONFLICTING,),
        codes=muxspace.CODES,
        expects="photograph",
        license="None stated.",
        citation="muxspace, facial_expressions, https://github.com/muxspace/facial_expressions.",
        url=muxspace.RELEASE.url,
    ),
)
