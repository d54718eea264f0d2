#include "textflag.h"

// How many rows ahead memory is asked for: their lines take some 100 ns to come, a row one or two.
#define AHEAD 128

// ARGS loads what all functions have: the cells, the groups and their number, at least one or else it goes to done.
#define ARGS \
	MOVQ cells+0(FP), DI       \
	MOVQ ids_base+8(FP), SI    \
	MOVQ ids_len+16(FP), CX    \
	XORQ AX, AX                \
	TESTQ CX, CX               \
	JZ done

// ROW makes R11 the row of AX, and asks for the line of the row AHEAD of it, or of the last within the capacity.
#define ROW \
	LEAQ AHEAD(AX), R9         \
	CMPQ R9, R13               \
	CMOVQGT R13, R9            \
	MOVL (DX)(R9*4), R9        \
	PREFETCHT0 (R8)(R9*8)      \
	MOVL (DX)(AX*4), R11

// ADDINT adds R11 to the 128 bits of group R10, of which the upper 64 seldom change: by the sign and the carry.
#define ADDINT \
	MOVQ R11, R12              \
	SARQ $63, R12              \
	ADDQ R11, (DI)(R10*8)      \
	ADCQ $0, R12               \
	JZ next                    \
	ADDQ R12, 8(DI)(R10*8)

// ADDFLOAT adds X0 to the two words of group R10, as addWords does, or goes to done. X1 and X2 are the words, X3 and X6
// the new ones.
#define ADDFLOAT \
	VMOVSD (DI)(R10*8), X1     \
	VMOVSD 8(DI)(R10*8), X2    \
	VADDSD X0, X1, X3          \ // sum = hi + x
	VSUBSD X1, X3, X4          \ // t = sum - hi
	VSUBSD X4, X3, X5          \ // sum - t
	VSUBSD X5, X1, X5          \ // hi - (sum - t)
	VSUBSD X4, X0, X4          \ // x - t
	VADDSD X4, X5, X5          \ // rest
	VADDSD X5, X2, X6          \ // low = lo + rest
	VSUBSD X2, X6, X7          \ // low - lo
	VSUBSD X7, X6, X8          \
	VUCOMISD X5, X7            \
	JNE done                   \
	JPS done                   \
	VUCOMISD X2, X8            \
	JNE done                   \
	JPS done                   \
	VMOVSD X3, (DI)(R10*8)     \
	VMOVSD X6, 8(DI)(R10*8)

// func sumInts(cells unsafe.Pointer, ids []uint32, values unsafe.Pointer)
TEXT ·sumInts(SB), NOSPLIT, $0-40
	MOVQ values+32(FP), R8
	ARGS
loop:
	MOVL (SI)(AX*4), R10
	MOVQ (R8)(AX*8), R11
	ADDINT
next:
	INCQ AX
	CMPQ AX, CX
	JLT loop
done:
	RET

// func sumIntRows(cells unsafe.Pointer, ids, rows []uint32, values unsafe.Pointer)
TEXT ·sumIntRows(SB), NOSPLIT, $0-64
	MOVQ rows_base+32(FP), DX
	MOVQ rows_cap+48(FP), R13
	MOVQ values+56(FP), R8
	DECQ R13
	ARGS
loop:
	ROW
	MOVL (SI)(AX*4), R10
	MOVQ (R8)(R11*8), R11
	ADDINT
next:
	INCQ AX
	CMPQ AX, CX
	JLT loop
done:
	RET

// func sumFloats(cells unsafe.Pointer, ids []uint32, values unsafe.Pointer) int
TEXT ·sumFloats(SB), NOSPLIT, $0-48
	MOVQ values+32(FP), R8
	ARGS
loop:
	MOVL (SI)(AX*4), R10
	VMOVSD (R8)(AX*8), X0
	ADDFLOAT
	INCQ AX
	CMPQ AX, CX
	JLT loop
done:
	MOVQ AX, ret+40(FP)
	RET

// func sumFloatRows(cells unsafe.Pointer, ids, rows []uint32, values unsafe.Pointer) int
TEXT ·sumFloatRows(SB), NOSPLIT, $0-72
	MOVQ rows_base+32(FP), DX
	MOVQ rows_cap+48(FP), R13
	MOVQ values+56(FP), R8
	DECQ R13
	ARGS
loop:
	ROW
	MOVL (SI)(AX*4), R10
	VMOVSD (R8)(R11*8), X0
	ADDFLOAT
	INCQ AX
	CMPQ AX, CX
	JLT loop
done:
	MOVQ AX, ret+64(FP)
	RET
