"""What AttReg is measured by beyond maps and scores."""

from studies.attreg import domains, faithfulness, key_attention

ANALYSES = {
    "faithfulness": faithfulness.run,
    "domains": domains.run,
    "key_attention": key_attention.run,
}
