/*
 * What the machine lets through at best: two processes send each other, in plain C, as many bytes as their all-reduce would, in
 * datagrams of the exchange's size, and do nothing with them. Arguments: rank, 2, a folder for both, sizes in MB. Rank 0 prints
 * a line of JSON for each size.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define DATAGRAM 63488
#define AHEAD 2 /* datagrams that may be sent before one has come: so many fit into any socket's buffer */
#define COUNT 60

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int by_size(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

/* A socket that is connected to the other process, whose port comes by a file. */
static int connected(int rank, const char *folder) {
    int with = socket(AF_INET, SOCK_DGRAM, 0);
    int buffer = 2 << 20;
    setsockopt(with, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    setsockopt(with, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    struct timeval patience = {.tv_sec = 10};
    setsockopt(with, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(with, (struct sockaddr *)&address, length) || getsockname(with, (struct sockaddr *)&address, &length)) {
        fail("bind");
    }
    char name[2][4096];
    snprintf(name[0], sizeof name[0], "%s/part-%d", folder, rank);
    snprintf(name[1], sizeof name[1], "%s/port-%d", folder, rank);
    FILE *file = fopen(name[0], "w");
    if (!file || fprintf(file, "%d", ntohs(address.sin_port)) < 0 || fclose(file) || rename(name[0], name[1])) {
        fail(name[1]);
    }
    snprintf(name[1], sizeof name[1], "%s/port-%d", folder, 1 - rank);
    int port = 0;
    for (int tries = 0; port == 0 && tries < 1000; tries++) {
        usleep(10000);
        file = fopen(name[1], "r");
        if (file && fscanf(file, "%d", &port) == 1) {
            fclose(file);
        }
    }
    address.sin_port = htons(port);
    if (connect(with, (struct sockaddr *)&address, sizeof address)) {
        fail("connect");
    }
    return with;
}

int main(int argc, char **argv) {
    if (argc < 5 || atoi(argv[2]) != 2) {
        fprintf(stderr, "usage: datagrams RANK 2 FOLDER MEGABYTES...\n");
        return 2;
    }
    int rank = atoi(argv[1]);
    int with = connected(rank, argv[3]);
    for (int argument = 4; argument < argc; argument++) {
        double megabytes = atof(argv[argument]);
        int datagrams = (int)(megabytes * 1e6 / DATAGRAM) + 1;
        char *from = malloc((size_t)datagrams * DATAGRAM), *to = malloc((size_t)datagrams * DATAGRAM);
        memset(from, 1, (size_t)datagrams * DATAGRAM);
        memset(to, 1, (size_t)datagrams * DATAGRAM);
        double ms[COUNT];
        for (int turn = -10; turn < COUNT; turn++) {
            double begin = now();
            for (int sent = 0, got = 0; got < datagrams;) {
                for (; sent < datagrams && sent - got < AHEAD; sent++) {
                    if (send(with, from + (size_t)sent * DATAGRAM, DATAGRAM, 0) < 0) {
                        fail("send");
                    }
                }
                if (recv(with, to + (size_t)got * DATAGRAM, DATAGRAM, 0) < 0) {
                    fail("recv");
                }
                got++;
            }
            if (turn >= 0) {
                ms[turn] = now() - begin;
            }
        }
        qsort(ms, COUNT, sizeof *ms, by_size);
        if (rank == 0) {
            printf("{\"megabytes\": %g, \"medianMs\": %.3f, \"bestMs\": %.3f}\n", megabytes, ms[COUNT / 2], ms[0]);
            fflush(stdout);
        }
        free(from);
        free(to);
    }
    return 0;
}
