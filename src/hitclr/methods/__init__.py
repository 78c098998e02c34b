"""Training methods, each a Lightning module of its own."""

from hitclr.methods.across_domains import AcrossDomains
from hitclr.methods.adabn import AdaBN
from hitclr.methods.adaptation import Adaptation
from hitclr.methods.augmented_classifier import AugmentedClassifier
from hitclr.methods.barlow_twins import BarlowTwins
from hitclr.methods.base import Method, Needs, Optimisation
from hitclr.methods.cdan import CDAN
from hitclr.methods.classifier import Classifier
from hitclr.methods.contrastive import Contrastive
from hitclr.methods.contrastive_adaptation import ContrastiveAdaptation
from hitclr.methods.contrastive_coral import ContrastiveCORAL
from hitclr.methods.contrastive_dann import ContrastiveDANN
from hitclr.methods.coral import CORAL
from hitclr.methods.dann import DANN
from hitclr.methods.group_dro import GroupDRO
from hitclr.methods.joint import Joint
from hitclr.methods.mcc import MCC
from hitclr.methods.mmd import MMD
from hitclr.methods.oracle import Oracle
from hitclr.methods.probed import Probed
from hitclr.methods.random_throws import RandomThrows
from hitclr.methods.vicreg import VICReg
from hitclr.methods.vrex import VREx

__all__ = [
    "CDAN",
    "CORAL",
    "DANN",
    "MCC",
    "MMD",
    "AcrossDomains",
    "AdaBN",
    "Adaptation",
    "AugmentedClassifier",
    "BarlowTwins",
    "Classifier",
    "Contrastive",
    "ContrastiveAdaptation",
    "ContrastiveCORAL",
    "ContrastiveDANN",
    "GroupDRO",
    "Joint",
    "Method",
    "Needs",
    "Optimisation",
    "Oracle",
    "Probed",
    "RandomThrows",
    "VICReg",
    "VREx",
]
