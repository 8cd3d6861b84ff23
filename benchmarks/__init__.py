"""The paper table, the speed of training, one ruler for all models, and the pages that report them."""
