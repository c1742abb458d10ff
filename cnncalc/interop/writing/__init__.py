"""From a graph to the text of a spec, for every format: `speakable` says it in the language's words."""
