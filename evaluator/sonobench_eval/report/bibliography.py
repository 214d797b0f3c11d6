"""Where metrics and methods come from, as BibTeX: only works of which every field is certain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Work(NamedTuple):
    """One work. `said_as` are the words by which sources of metrics name it (`MetricSpec.source`)."""

    key: str
    bibtex: str
    said_as: tuple[str, ...] = ()


def _article(  # noqa: PLR0917 -- one line of a bibliography, read as such
    key: str, author: str, title: str, journal: str, volume: str, pages: str, year: int, *said_as: str
) -> Work:
    fields = {"author": author, "title": f"{{{title}}}", "journal": journal, "volume": volume, "pages": pages, "year": str(year)}
    return Work(key, _entry("article", key, fields), said_as)


def _paper(key: str, author: str, title: str, booktitle: str, year: int, *said_as: str) -> Work:
    fields = {"author": author, "title": f"{{{title}}}", "booktitle": booktitle, "year": str(year)}
    return Work(key, _entry("inproceedings", key, fields), said_as)


def _arxiv(key: str, author: str, title: str, eprint: str, year: int, *said_as: str) -> Work:
    fields = {"author": author, "title": f"{{{title}}}", "eprint": eprint, "archiveprefix": "arXiv", "year": str(year)}
    return Work(key, _entry("misc", key, fields), said_as)


def _book(key: str, author: str, title: str, publisher: str, year: int, *said_as: str) -> Work:
    fields = {"author": author, "title": f"{{{title}}}", "publisher": publisher, "year": str(year)}
    return Work(key, _entry("book", key, fields), said_as)


def _entry(kind: str, key: str, fields: dict[str, str]) -> str:
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@{kind}{{{key},\n{lines}\n}}\n"


_CVPR = "IEEE/CVF Conference on Computer Vision and Pattern Recognition (CVPR)"
_PSYCHOLOGICAL = "Psychological Bulletin"
_JASA = "Journal of the American Statistical Association"
WORKS = (
    _article("dice1945", "Dice, Lee R.", "Measures of the Amount of Ecologic Association Between Species", "Ecology", "26",
             "297--302", 1945, "Dice, Ecology 1945"),
    _article("jaccard1912", "Jaccard, Paul", "The Distribution of the Flora in the Alpine Zone", "New Phytologist", "11",
             "37--50", 1912, "Jaccard, New Phytologist 1912"),
    _arxiv("nikolov2018", "Nikolov, Stanislav and others", "Deep learning to achieve clinically applicable segmentation of head "
           "and neck anatomy for radiotherapy", "1809.04430", 2018, "arXiv 1809.04430"),
    _article("huttenlocher1993", "Huttenlocher, Daniel P. and Klanderman, Gregory A. and Rucklidge, William J.",
             "Comparing Images Using the Hausdorff Distance", "IEEE Transactions on Pattern Analysis and Machine Intelligence",
             "15", "850--863", 1993, "Huttenlocher et al."),
    _article("heimann2009", "Heimann, Tobias and others", "Comparison and Evaluation of Methods for Liver Segmentation From CT "
             "Datasets", "IEEE Transactions on Medical Imaging", "28", "1251--1265", 2009, "Heimann et al."),
    _article("yerushalmy1947", "Yerushalmy, Jacob", "Statistical Problems in Assessing Methods of Medical Diagnosis, with "
             "Special Reference to X-Ray Techniques", "Public Health Reports", "62", "1432--1449", 1947, "Yerushalmy"),
    _book("vanrijsbergen1979", "van Rijsbergen, C. J.", "Information Retrieval", "Butterworths", 1979, "van Rijsbergen"),
    _paper("shit2021", "Shit, Suprosanna and others", "clDice -- A Novel Topology-Preserving Loss Function for Tubular Structure "
           "Segmentation", _CVPR, 2021, "Shit et al."),
    _paper("kirillov2019", "Kirillov, Alexander and He, Kaiming and Girshick, Ross and Rother, Carsten and Doll{\\'a}r, Piotr",
           "Panoptic Segmentation", _CVPR, 2019, "Kirillov et al."),
    _article("maierhein2024", "Maier-Hein, Lena and others", "Metrics reloaded: recommendations for image analysis validation",
             "Nature Methods", "21", "195--212", 2024, "Metrics Reloaded"),
    _article("mann1947", "Mann, H. B. and Whitney, D. R.", "On a Test of Whether one of Two Random Variables is Stochastically "
             "Larger than the Other", "The Annals of Mathematical Statistics", "18", "50--60", 1947, "Mann and Whitney 1947"),
    _article("hand2001", "Hand, David J. and Till, Robert J.", "A Simple Generalisation of the Area Under the ROC Curve for "
             "Multiple Class Classification Problems", "Machine Learning", "45", "171--186", 2001, "Hand and Till"),
    _paper("irvin2019", "Irvin, Jeremy and others", "CheXpert: A Large Chest Radiograph Dataset with Uncertainty Labels and "
           "Expert Comparison", "AAAI Conference on Artificial Intelligence", 2019, "Irvin et al."),
    _article("mcclish1989", "McClish, Donna Katzman", "Analyzing a Portion of the ROC Curve", "Medical Decision Making", "9",
             "190--195", 1989, "McClish"),
    _paper("brodersen2010", "Brodersen, Kay H. and Ong, Cheng Soon and Stephan, Klaas E. and Buhmann, Joachim M.",
           "The Balanced Accuracy and Its Posterior Distribution", "International Conference on Pattern Recognition (ICPR)", 2010,
           "Brodersen et al."),
    _article("brier1950", "Brier, Glenn W.", "Verification of Forecasts Expressed in Terms of Probability",
             "Monthly Weather Review", "78", "1--3", 1950, "Brier"),
    _paper("guo2017", "Guo, Chuan and Pleiss, Geoff and Sun, Yu and Weinberger, Kilian Q.",
           "On Calibration of Modern Neural Networks", "International Conference on Machine Learning (ICML)", 2017, "Guo et al."),
    _paper("geifman2017", "Geifman, Yonatan and El-Yaniv, Ran", "Selective Classification for Deep Neural Networks",
           "Advances in Neural Information Processing Systems (NeurIPS)", 2017, "El-Yaniv, NeurIPS 2017"),
    _paper("geifman2019", "Geifman, Yonatan and Uziel, Guy and El-Yaniv, Ran", "Bias-Reduced Uncertainty Estimation for Deep "
           "Neural Classifiers", "International Conference on Learning Representations (ICLR)", 2019, "El-Yaniv, ICLR 2019"),
    _article("cohen1960", "Cohen, Jacob", "A Coefficient of Agreement for Nominal Scales",
             "Educational and Psychological Measurement", "20", "37--46", 1960, "Cohen 1960", "Cohen, Educ Psychol Meas 1960"),
    _article("cohen1968", "Cohen, Jacob", "Weighted kappa: Nominal scale agreement provision for scaled disagreement or partial "
             "credit", _PSYCHOLOGICAL, "70", "213--220", 1968, "and 1968", "Cohen, Psychol Bull 1968"),
    _article("spearman1904", "Spearman, Charles", "The Proof and Measurement of Association between Two Things",
             "The American Journal of Psychology", "15", "72--101", 1904, "Spearman 1904"),
    _article("kendall1945", "Kendall, M. G.", "The Treatment of Ties in Ranking Problems", "Biometrika", "33", "239--251", 1945,
             "Kendall, Biometrika 1945"),
    _article("bland1986", "Bland, J. Martin and Altman, Douglas G.", "Statistical methods for assessing agreement between two "
             "methods of clinical measurement", "The Lancet", "327", "307--310", 1986, "Bland and Altman"),
    _article("lin1989", "Lin, Lawrence I-Kuei", "A Concordance Correlation Coefficient to Evaluate Reproducibility",
             "Biometrics", "45", "255--268", 1989, "Lin, Biometrics 1989"),
    _article("shrout1979", "Shrout, Patrick E. and Fleiss, Joseph L.", "Intraclass correlations: Uses in assessing rater "
             "reliability", _PSYCHOLOGICAL, "86", "420--428", 1979, "Shrout and Fleiss"),
    _article("everingham2010", "Everingham, Mark and Van Gool, Luc and Williams, Christopher K. I. and Winn, John and Zisserman, "
             "Andrew", "The Pascal Visual Object Classes (VOC) Challenge", "International Journal of Computer Vision", "88",
             "303--338", 2010, "Everingham et al."),
    _paper("lin2014", "Lin, Tsung-Yi and others", "Microsoft COCO: Common Objects in Context",
           "European Conference on Computer Vision (ECCV)", 2014, "Lin et al., ECCV 2014"),
    _article("setio2017", "Setio, Arnaud Arindra Adiyoso and others", "Validation, comparison, and combination of algorithms for "
             "automatic detection of pulmonary nodules in computed tomography images: The LUNA16 challenge",
             "Medical Image Analysis", "42", "1--13", 2017, "LUNA16"),
    _paper("wang2017", "Wang, Xiaosong and others", "ChestX-ray8: Hospital-scale Chest X-ray Database and Benchmarks on Weakly-"
           "Supervised Classification and Localization of Common Thorax Diseases", _CVPR, 2017, "ChestX-ray8"),
    _article("pedregosa2011", "Pedregosa, Fabian and others", "Scikit-learn: Machine Learning in Python",
             "Journal of Machine Learning Research", "12", "2825--2830", 2011, "as scikit-learn's"),
    _article("virtanen2020", "Virtanen, Pauli and others", "SciPy 1.0: fundamental algorithms for scientific computing in Python",
             "Nature Methods", "17", "261--272", 2020, "as SciPy's"),
    _book("efron1993", "Efron, Bradley and Tibshirani, Robert J.", "An Introduction to the Bootstrap", "Chapman and Hall", 1993),
    _article("efron1987", "Efron, Bradley", "Better Bootstrap Confidence Intervals", _JASA, "82", "171--185", 1987),
    _article("delong1988", "DeLong, Elizabeth R. and DeLong, David M. and Clarke-Pearson, Daniel L.", "Comparing the Areas under "
             "Two or More Correlated Receiver Operating Characteristic Curves: A Nonparametric Approach", "Biometrics", "44",
             "837--845", 1988),
    _article("wilson1927", "Wilson, Edwin B.", "Probable Inference, the Law of Succession, and Statistical Inference", _JASA,
             "22", "209--212", 1927),
    _article("clopper1934", "Clopper, C. J. and Pearson, E. S.", "The Use of Confidence or Fiducial Limits Illustrated in the "
             "Case of the Binomial", "Biometrika", "26", "404--413", 1934),
    _article("wilcoxon1945", "Wilcoxon, Frank", "Individual Comparisons by Ranking Methods", "Biometrics Bulletin", "1",
             "80--83", 1945),
    _article("holm1979", "Holm, Sture", "A Simple Sequentially Rejective Multiple Test Procedure",
             "Scandinavian Journal of Statistics", "6", "65--70", 1979),
    _article("romano2005", "Romano, Joseph P. and Wolf, Michael", "Exact and Approximate Stepdown Methods for Multiple "
             "Hypothesis Testing", _JASA, "100", "94--108", 2005),
    _article("mogstad2024", "Mogstad, Magne and Romano, Joseph P. and Shaikh, Azeem M. and Wilhelm, Daniel", "Inference for "
             "Ranks with Applications to Mobility across Neighbourhoods and Academic Achievement across Countries",
             "The Review of Economic Studies", "91", "476--518", 2024),
    _article("mcgraw1996", "McGraw, Kenneth O. and Wong, S. P.", "Forming inferences about some intraclass correlation "
             "coefficients", "Psychological Methods", "1", "30--46", 1996, "McGraw and Wong"),
    _arxiv("lin2025", "Lin, Zehui and others", "Diagnostic Performance of Universal-Learning Ultrasound AI Across Multiple "
           "Organs and Tasks: the UUSIC25 Challenge", "2512.17279", 2025),
    _article("wiesenfarth2021", "Wiesenfarth, Manuel and others", "Methods and open-source toolkit for analyzing and visualizing "
             "challenge results", "Scientific Reports", "11", "2369", 2021),
)  # fmt: skip
_BY_KEY = {work.key: work for work in WORKS}
SONOBENCH = "sonobench"


def works_said(source: str) -> tuple[str, ...]:
    """The keys of the works that the source of a metric names, as far as they are known here."""
    return tuple(work.key for work in WORKS if any(words in source for words in work.said_as))


def bibtex(keys: Iterable[str], *, version: str) -> str:
    """An entry for Sonobench, and one for each work, each once.

    Args:
        keys: of `WORKS`; that of Sonobench is in anyway.
        version: of Sonobench.
    """
    ours = {"author": "{The Sonobench authors}", "title": "{Sonobench}", "version": version, "note": "Software"}
    entries = {SONOBENCH: _entry("misc", SONOBENCH, ours)}
    for key in keys:
        if key != SONOBENCH:
            entries[key] = _BY_KEY[key].bibtex
    return "\n".join(entries.values())
