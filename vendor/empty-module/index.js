// Nothing: the tokeniser needs neither a runtime for ONNX nor an image library.
export default {};
