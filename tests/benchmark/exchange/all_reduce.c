/* One process of the all-reduce benchmark, over MPI. Arguments: sizes in MB. Rank 0 prints a line of JSON for each. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

/* The same in gloo_all_reduce.py and in ExchangeProcess.java. */
#define WARM_UP_COUNT 800
#define WARM_UP_MEGABYTES 4
#define MEASURED_MEGABYTES 1200
#define FEWEST 7
#define MOST 60

static int by_size(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

static int count_for(double megabytes) {
    double count = MEASURED_MEGABYTES / megabytes;
    return count < FEWEST ? FEWEST : count > MOST ? MOST : (int)count;
}

/* Fills seconds with count times in ascending order. */
static void measure(double megabytes, int count, double *seconds) {
    int rank, processes;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &processes);
    int size = (int)(megabytes * 1e6 / sizeof(float));
    int warm_up = count / 3 > 3 ? count / 3 : 3;
    float *values = malloc(sizeof(float) * size);
    for (int turn = -warm_up; turn < count; turn++) {
        for (int index = 0; index < size; index++) {
            values[index] = index % 97 + rank;
        }
        MPI_Barrier(MPI_COMM_WORLD);
        double begin = MPI_Wtime();
        MPI_Allreduce(MPI_IN_PLACE, values, size, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
        if (turn >= 0) {
            seconds[turn] = MPI_Wtime() - begin;
        }
        for (int index = 0; index < size; index++) {
            if (values[index] != processes * (index % 97) + processes * (processes - 1) / 2.0f) {
                fprintf(stderr, "value %d is %f\n", index, values[index]);
                MPI_Abort(MPI_COMM_WORLD, 1);
            }
        }
    }
    free(values);
    qsort(seconds, count, sizeof(double), by_size);
}

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    int rank;
    double seconds[MOST];
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    int size = (int)(WARM_UP_MEGABYTES * 1e6 / sizeof(float));
    float *values = calloc(size, sizeof(float));
    for (int turn = 0; turn < WARM_UP_COUNT; turn++) {
        MPI_Allreduce(MPI_IN_PLACE, values, size, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    }
    free(values);
    for (int argument = 1; argument < argc; argument++) {
        double megabytes = atof(argv[argument]);
        int count = count_for(megabytes);
        measure(megabytes, count, seconds);
        if (rank == 0) {
            printf("{\"megabytes\": %g, \"medianMs\": %.3f, \"bestMs\": %.3f}\n", megabytes, seconds[count / 2] * 1e3,
                   seconds[0] * 1e3);
            fflush(stdout);
        }
    }
    MPI_Finalize();
    return 0;
}
