"""The best plan under a budget and limits: the question (plans), each lever's own curve (curves), the search over both (search), what
stops the answer (explaining), and the answer itself (answering)."""

from sim.analysis.optimizing.answering import Answer, Limit, Optimizer, Progress, contradiction, optimize

__all__ = ["Answer", "Limit", "Optimizer", "Progress", "contradiction", "optimize"]
