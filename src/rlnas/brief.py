"""How results show themselves: in one line, and as a small table in a notebook."""

import html

from rlnas.errors import shown


class Brief:
    """What shows itself by a few facts, however much it holds."""

    def _facts(self) -> dict[str, object]:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={_text(fact)}' for name, fact in self._facts().items())})"

    def _repr_html_(self) -> str:
        facts = ((name, fact if isinstance(fact, str) else _text(fact)) for name, fact in self._facts().items())
        rows = "".join(f"<tr><th>{html.escape(name)}</th><td>{html.escape(fact)}</td></tr>" for name, fact in facts)
        return f"<table><caption>{type(self).__name__}</caption>{rows}</table>"


def _text(fact: object) -> str:
    return f"{fact:.4g}" if isinstance(fact, float) else shown(fact)
