"""Models of Visual Question Answering, all returning `Forward`."""

from torch import nn

from vqax.models.counter import Counter
from vqax.models.deeper_lstm import DeeperLstm
from vqax.models.forward import Forward, VqaModel
from vqax.models.hie_co_att import HieCoAtt
from vqax.models.lmh import Lmh
from vqax.models.lstm_qi import LstmQi
from vqax.models.mcb import Mcb
from vqax.models.mlb import Mlb
from vqax.models.pythia import Pythia
from vqax.models.rubi import Rubi
from vqax.models.san import San
from vqax.models.transformer import Transformer
from vqax.models.updn import UpDn

MODELS: dict[str, type[nn.Module]] = {
    "lstm_qi": LstmQi,
    "san": San,
    "mcb": Mcb,
    "mlb": Mlb,
    "hie_co_att": HieCoAtt,
    "updn": UpDn,
    "lmh": Lmh,
    "rubi": Rubi,
    "counter": Counter,
    "deeper_lstm": DeeperLstm,
    "pythia": Pythia,
    "transformer": Transformer,
}

__all__ = ["MODELS", "Forward", "VqaModel"]
