"""Networks in other forms: source for PyTorch, ONNX models, and what verifies a network against these.

`torch_layers` says what each layer is in PyTorch, `scopes` which layers are one block, `torch_source` writes classes of
them; `onnx_nodes` says which nodes a layer is, `onnx_model` makes the model. `verifying` holds two sides against each
other, `torch_side` and `onnx_side` read the other one. Names elsewhere are the operators' own (`Operator.elsewhere`).
"""
