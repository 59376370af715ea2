/**
 * Looks at the machine: {@link io.flm.launch.doctor.Machine} at what it offers, {@link io.flm.launch.doctor.GoldenCheck} at how far
 * its numbers are from those of the official implementation. {@link io.flm.launch.doctor.DoctorReport} holds what was found.
 */
@NullMarked
package io.flm.launch.doctor;

import org.jspecify.annotations.NullMarked;
