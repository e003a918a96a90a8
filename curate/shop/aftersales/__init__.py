"""After the sale: refunds, tickets, answers, new versions."""
