"""What a student learns from a teacher: soft labels, and features. No gradient reaches the teacher."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from mtdense_ros.training.pixels import check_shapes, full_precision, known_error, mean_where


def distillation_loss(student_logits: Tensor, teacher_logits: Tensor, temperature: float) -> Tensor:
    """T^2 KL(teacher || student) of the softened classes, axis 1 of (B, C, ...); mean over batch and pixels (Hinton et al., 2015).

    T^2 keeps the size of the gradient when T changes. Where the teacher is NaN it says nothing. Raises InputError where shapes
    differ: both must know the same classes.
    """
    check_shapes("distillation_loss", student_logits, teacher_logits)
    student, teacher = full_precision(student_logits, teacher_logits.detach())
    known = ~teacher.isnan().any(1)
    soft_student = (student / temperature).log_softmax(1)
    soft_teacher = (teacher.nan_to_num() / temperature).log_softmax(1)
    divergence = F.kl_div(soft_student, soft_teacher, reduction="none", log_target=True).sum(1)
    return temperature**2 * mean_where(divergence, known)


def feature_distillation(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean square difference of two feature maps of one shape, taken before their last activation, as activations hide what is negative.

    Where the teacher is NaN it says nothing. Raises InputError where shapes differ: resize the map, project its channels.
    """
    check_shapes("feature_distillation", student, teacher)
    student, teacher = full_precision(student, teacher.detach())
    known = ~teacher.isnan()
    return mean_where(known_error(student, teacher, known).square(), known)
