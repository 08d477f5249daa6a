"""Kinds of values that a configuration may have, and what every section of it shares."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# Strict: neither a text nor true is a number here.
Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[Finite, Field(gt=0)]
NotNegative = Annotated[Finite, Field(ge=0)]
Share = Annotated[Finite, Field(ge=0, le=1)]
Count = Annotated[int, Field(strict=True, gt=0)]


class Section(BaseModel):
    """A table of the file: frozen, and an unknown key in it is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)
