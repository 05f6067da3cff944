"""The supervisors' face: figures of a period and the lists behind them, signals by kind, authorities side by side."""
