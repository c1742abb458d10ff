"""Prime factors of the whole numbers that sizes are."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=1024)
def primes(number: int) -> list[int]:
    """Return the prime factors, each as often as it divides."""
    found: list[int] = []
    prime = 2
    while number > 1:
        if prime * prime > number:
            prime = number
        while number % prime == 0:
            number //= prime
            found.append(prime)
        prime += 1
    return found
