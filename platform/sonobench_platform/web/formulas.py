r"""The formula of every metric there is, in the notation of `mathml`, and what its letters stand for.

One for each metric of the catalogue; a test holds this to it. Metrics of other packages and of scoring images have none here:
their own words are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from sonobench_eval.metrics.spec import Family, MetricSpec
from sonobench_platform.web.texts import _


class Formula(NamedTuple):
    """`notation` is for `mathml`; `letters` says what its letters stand for."""

    notation: str
    letters: str


def formula_of(spec: MetricSpec) -> Formula | None:
    """The formula; None for a metric that is not one of ours."""
    notation = _FORMULAS.get(spec.family, {}).get(spec.name)
    return None if notation is None else Formula(notation, _letters()[spec.family])


_F1 = r"F1 = \frac{2 TP}{2 TP + FP + FN}"
_SENSITIVITY = r"Sens = \frac{TP}{TP + FN}"
_PRECISION = r"Prec = \frac{TP}{TP + FP}"
_AUC = (
    r"AUC = \frac{1}{n_{1} n_{0}} \sum_{i : y_{i} = 1} \sum_{j : y_{j} = 0} "
    r"( [ s_{i} > s_{j} ] + \frac{1}{2} [ s_{i} = s_{j} ] )"
)
_AP = r"AP = \sum_{k} ( Rec_{k} - Rec_{k-1} ) * Prec_{k}"
_MAE = r"MAE = \frac{1}{n} \sum_{i} | x_{i} - y_{i} |"
_RMSE = r"RMSE = \sqrt{\frac{1}{n} \sum_{i} ( x_{i} - y_{i} )^{2}}"
_PEARSON = (
    r"r = \frac{\sum_{i} ( x_{i} - \bar{x} ) ( y_{i} - \bar{y} )}"
    r"{\sqrt{\sum_{i} ( x_{i} - \bar{x} )^{2} \sum_{i} ( y_{i} - \bar{y} )^{2}}}"
)
_SPEARMAN = r"ρ = r ( R ( x ) , R ( y ) )"
_ACC = r"ACC = \frac{1}{n} \sum_{i} [ x_{i} = y_{i} ]"
_ICC = (
    r"ICC_{2,1} = \frac{M_{r} - M_{e}}{M_{r} + M_{e} + \frac{2}{n} ( M_{c} - M_{e} )} , "
    r"ICC_{3,1} = \frac{M_{r} - M_{e}}{M_{r} + M_{e}}"
)
_MCC = (
    r"MCC = \frac{n c - \sum_{k} p_{k} t_{k}}"
    r"{\sqrt{( n^{2} - \sum_{k} p_{k}^{2} ) ( n^{2} - \sum_{k} t_{k}^{2} )}}"
)
_LOCALIZED = (
    r"\frac{'images whose surest box of the class overlaps a reference'}"
    r"{'images with a reference of the class'}"
)
_KAPPA = r"κ = 1 - \frac{\sum_{j, k} w_{j k} O_{j k}}{\sum_{j, k} w_{j k} E_{j k}}"

_FORMULAS: Mapping[Family, Mapping[str, str]] = MappingProxyType(
    {
        "masks": {
            "dsc": r"DSC = \frac{2 | R ∩ P |}{| R | + | P |}",
            "iou": r"IoU = \frac{| R ∩ P |}{| R ∪ P |}",
            "nsd": r"NSD = \frac{| ∂ R_{τ} | + | ∂ P_{τ} |}{| ∂ R | + | ∂ P |}",
            "hd": r"HD = \max ( \max_{r ∈ ∂ R} d ( r , ∂ P ) , \max_{p ∈ ∂ P} d ( p , ∂ R ) )",
            "hd95": r"HD_{95} = \max ( Q_{95} d ( r , ∂ P ) , Q_{95} d ( p , ∂ R ) )",
            "assd": r"ASSD = \frac{\sum_{r ∈ ∂ R} d ( r , ∂ P ) + \sum_{p ∈ ∂ P} d ( p , ∂ R )}{| ∂ R | + | ∂ P |}",
            "masd": r"MASD = \frac{1}{2} ( \mean_{r ∈ ∂ R} d ( r , ∂ P ) + \mean_{p ∈ ∂ P} d ( p , ∂ R ) )",
            "rve": r"RVE = \frac{| | P | - | R | |}{| R |}",
            "ave": r"AVE = | | P | - | R | |",
            "sensitivity": r"Sens = \frac{| R ∩ P |}{| R |}",
            "precision": r"Prec = \frac{| R ∩ P |}{| P |}",
            "specificity": r"Spec = \frac{| \bar{R} ∩ \bar{P} |}{| \bar{R} |}",
            "cldice": r"clDice = \frac{2 a b}{a + b} , a = \frac{| S_{P} ∩ R |}{| S_{P} |} , b = \frac{| S_{R} ∩ P |}{| S_{R} |}",
        },
        "instances": {
            "pq": r"PQ = \frac{\sum_{( r , p ) ∈ TP} IoU ( r , p )}{TP + \frac{1}{2} FP + \frac{1}{2} FN}",
            "sq": r"SQ = \frac{\sum_{( r , p ) ∈ TP} IoU ( r , p )}{TP}",
            "rq": r"RQ = \frac{TP}{TP + \frac{1}{2} FP + \frac{1}{2} FN}",
            "f1": _F1,
            "precision": _PRECISION,
            "recall": _SENSITIVITY,
            "instance_dsc": r"DSC = \mean_{( r , p )} \frac{2 | r ∩ p |}{| r | + | p |}",
        },
        "classes": {
            "auc": _AUC,
            "auprc": _AP,
            "pauc": r"pAUC = \frac{1}{2} ( 1 + \frac{A - A_{'chance'}}{A_{'best'} - A_{'chance'}} )",
            "sensitivity_at": r"\max_{t : Spec ( t ) ≥ c} Sens ( t )",
            "specificity_at": r"\max_{t : Sens ( t ) ≥ c} Spec ( t )",
            "acc": _ACC,
            "balanced_acc": r"BACC = \frac{1}{K} \sum_{k} \frac{TP_{k}}{TP_{k} + FN_{k}}",
            "f1": _F1,
            "sensitivity": _SENSITIVITY,
            "specificity": r"Spec = \frac{TN}{TN + FP}",
            "ppv": r"PPV = \frac{TP}{TP + FP}",
            "npv": r"NPV = \frac{TN}{TN + FN}",
            "mcc": _MCC,
            "kappa": _KAPPA,
            "top_k": r"\frac{1}{n} \sum_{i} [ y_{i} 'among the' k 'likeliest' ]",
            "brier": r"BS = \frac{1}{2 n} \sum_{i} \sum_{k} ( p_{i k} - y_{i k} )^{2}",
            "ece": r"ECE = \sum_{b} \frac{n_{b}}{n} | acc_{b} - conf_{b} |",
            "log_loss": r"LL = - \frac{1}{n} \sum_{i} ln p_{i y_{i}}",
            "aurc": r"AURC = \frac{1}{n} \sum_{m = 1}^{n} \frac{1}{m} \sum_{i ≤ m} [ x_{( i )} ≠ y_{( i )} ]",
            "acc_at_coverage": r"ACC_{c} = \frac{1}{m} \sum_{i ≤ m} [ x_{( i )} = y_{( i )} ] , m = c n",
            "selective_acc": r"\frac{'right decisions'}{'cases with a decision'}",
            "coverage": r"\frac{'cases with a decision'}{n}",
            "abstention": r"\frac{'cases without a decision by choice'}{n}",
        },
        "labels": {
            "auc": _AUC,
            "auprc": _AP,
            "label_acc": r"\frac{1}{n L} \sum_{i} \sum_{l} [ x_{i l} = y_{i l} ]",
            "subset_acc": r"\frac{1}{n} \sum_{i} [ x_{i l} = y_{i l} 'for every' l ]",
            "f1": _F1,
            "sensitivity": _SENSITIVITY,
            "specificity": r"Spec = \frac{TN}{TN + FP}",
            "ppv": r"PPV = \frac{TP}{TP + FP}",
        },
        "grades": {
            "qwk": _KAPPA + r" , w_{j k} = ( j - k )^{2}",
            "lwk": _KAPPA + r" , w_{j k} = | j - k |",
            "kappa": _KAPPA + r" , w_{j k} = [ j ≠ k ]",
            "acc": _ACC,
            "within_one": r"\frac{1}{n} \sum_{i} [ | x_{i} - y_{i} | ≤ 1 ]",
            "mae": _MAE,
            "rmse": _RMSE,
            "spearman": _SPEARMAN,
            "kendall_tau": r"τ_{b} = \frac{C - D}{\sqrt{( C + D + T_{x} ) ( C + D + T_{y} )}}",
        },
        "values": {
            "mae": _MAE,
            "rmse": _RMSE,
            "medae": r"MedAE = \median_{i} | x_{i} - y_{i} |",
            "bias": r"Bias = | \frac{1}{n} \sum_{i} ( x_{i} - y_{i} ) |",
            "loa_width": r"LoA = 2 * 1.96 * s_{d}",
            "r2": r"R^{2} = 1 - \frac{\sum_{i} ( x_{i} - y_{i} )^{2}}{\sum_{i} ( y_{i} - \bar{y} )^{2}}",
            "pearson": _PEARSON,
            "spearman": _SPEARMAN,
            "ccc": r"CCC = \frac{2 s_{x y}}{s_{x}^{2} + s_{y}^{2} + ( \bar{x} - \bar{y} )^{2}}",
            "icc": _ICC,
        },
        "boxes": {
            "precision": _PRECISION,
            "recall": _SENSITIVITY,
            "f1": _F1,
            "fppi": r"FPPI = \frac{FP}{'images'}",
            "mean_iou": r"mIoU = \mean_{( r , p )} \frac{| r ∩ p |}{| r ∪ p |}",
            "localization_acc": _LOCALIZED,
            "ap": _AP,
            "map": r"mAP = \frac{1}{T} \sum_{t} AP_{t}",
            "froc": r"FROC = \frac{1}{7} \sum_{f} Sens ( f ) , f = \frac{1}{8} , … , 8",
            "sensitivity_at_fppi": r"Sens ( f )",
        },
        "points": {
            "mre": r"MRE = \frac{1}{m} \sum_{i} ‖ p_{i} - r_{i} ‖",
            "pck": r"PCK = \frac{1}{m} \sum_{i} [ ‖ p_{i} - r_{i} ‖ ≤ t ]",
        },
    }
)


def _letters() -> dict[Family, str]:
    counted = _("TP, FP, FN and TN are true and false positives and negatives.")
    holds = _("[ … ] is 1 where what stands in it holds, else 0.")
    pairs = _("x is the answer and y the reference of a case, n the number of cases; a bar is a mean, R(x) are mid-ranks.")
    masks = _(
        "R is the reference and P the prediction, as sets of pixels or voxels; ∂ is a boundary, d the distance to the nearest "
        "point of one; a bar is the background, S are center lines, Q with 95 is the 95th percentile. ∂R and ∂P with τ are the "
        "parts of each boundary that lie within the tolerance of the other."
    )
    classes = _(
        "y is the true class of a case, x the one decided for, s or p a probability that was given, n the number of cases, K "
        "that of classes, t and p with k how often a class is true and is answered. O and E are shares of pairs of classes, "
        "observed and by chance, w their weights; c is the number of right cases, or the declared share; (i) counts from the "
        "most confident case."
    )
    grades = _(
        "O and E are shares of pairs of grades, observed and by chance; C and D are pairs of cases in the right and in the wrong "
        "order, T those tied in one alone."
    )
    labels = _("y says whether a case has a label, x whether it was decided so, s is its score; L labels, n cases.")
    spread = _(
        "s are standard deviations and covariances, d the differences, M mean squares: of cases, of both columns, of error."
    )
    matched = _("r and p are a reference and the predicted one that it is matched to.")
    points = _("p are predicted points, r their references, m how many there are, t the distance allowed.")
    return {
        "masks": masks,
        "instances": f"{matched} {counted}",
        "classes": f"{classes} {counted} {holds}",
        "labels": f"{labels} {counted} {holds}",
        "grades": f"{pairs} {grades} {holds}",
        "values": f"{pairs} {spread}",
        "boxes": f"{matched} {counted} {_('f are false positives per image.')}",
        "points": f"{points} {holds}",
    }
